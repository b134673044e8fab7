//===- BatchLoader.cpp - micro-batches, ready before they are asked for ---===//
//
// Tickets are taken in order and a ticket is only taken when its slot is free, so
// the slot of the next micro-batch is always filled by somebody. Two locks: a step
// may take a while to open, and that must not keep the trainer from what is ready.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/batch/BatchLoader.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <fmt/format.h>
#include <utility>

namespace roux::data {

BatchLoader::BatchLoader(const Plan &plan, const PlanInput &input, const Expression &weight,
                         LoaderOptions given)
    : plan(plan), input(input), weight(weight), options(given), nextStep(given.firstStep),
      slots(std::max(given.ahead, 1u)) {
  assert(given.rank < given.run.ranks && "a rank that is not one of the run's");
  try {
    for (uint32_t i = 0; i < std::max(options.threads, 1u); ++i)
      workers.emplace_back([this] { work(); });
  } catch (const std::exception &error) {
    end();
    throw std::runtime_error(
        fmt::format("a thread that loads data could not be started: {}", error.what()));
  }
}

BatchLoader::~BatchLoader() {
  end();
}

void BatchLoader::end() {
  {
    std::lock_guard lock(handing);
    stopping = true;
  }
  roomMade.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

void BatchLoader::work() {
  while (std::optional<Ticket> ticket = take())
    make(*ticket);
}

std::optional<BatchLoader::Ticket> BatchLoader::take() {
  std::lock_guard order(taking);
  if (ended)
    return std::nullopt;
  {
    std::unique_lock lock(handing);
    roomMade.wait(lock, [&] { return stopping || nextNumber - delivered < slots.size(); });
    if (stopping)
      return std::nullopt;
  }
  try {
    if (!openStep()) {
      ended = true;
      deliver(nextNumber, nullptr, nullptr);
      return std::nullopt;
    }
  } catch (...) {
    ended = true;
    deliver(nextNumber, nullptr, std::current_exception());
    return std::nullopt;
  }
  return Ticket{nextNumber++, nextPortion++, open};
}

bool BatchLoader::openStep() {
  while (!open || nextPortion == open->portions.size()) {
    open.reset();
    if (nextStep >= std::min(options.endStep, plan.steps()))
      return false;
    PlanStep step = plan.step(nextStep++);
    StepLayout layout = layOut(plan, step, options.run);
    nextPortion = 0;
    if (std::vector<Portion> &own = layout.ranks[options.rank]; !own.empty())
      open = std::make_shared<OpenStep>(
          OpenStep{std::move(own), StepWeights(weight, input, plan, step, options.inputs)});
  }
  return true;
}

void BatchLoader::make(const Ticket &ticket) {
  MicroBatch batch;
  {
    // The slot is ours until delivered; it holds the storage of a batch used before.
    std::lock_guard lock(handing);
    std::swap(batch, slots[ticket.number % slots.size()].batch);
  }
  try {
    materialize(plan, input, ticket.step->weights, ticket.step->portions[ticket.portion], batch);
    batch.portion = ticket.portion;
    batch.portions = static_cast<uint32_t>(ticket.step->portions.size());
    deliver(ticket.number, &batch, nullptr);
  } catch (...) {
    deliver(ticket.number, nullptr, std::current_exception());
  }
}

void BatchLoader::deliver(uint64_t number, MicroBatch *batch, std::exception_ptr error) {
  {
    std::lock_guard lock(handing);
    Slot &slot = slots[number % slots.size()];
    if (batch)
      std::swap(slot.batch, *batch);
    slot.isEnd = !batch && !error;
    slot.error = std::move(error);
    slot.filled = true;
  }
  slotFilled.notify_all();
}

bool BatchLoader::next(MicroBatch &batch) {
  std::unique_lock lock(handing);
  Slot &slot = slots[delivered % slots.size()];
  if (!slot.filled) {
    auto begin = std::chrono::steady_clock::now();
    slotFilled.wait(lock, [&] { return slot.filled; });
    waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  // Neither an end nor an error is taken out: asking again gives the same answer.
  if (slot.isEnd)
    return false;
  if (slot.error)
    std::rethrow_exception(slot.error);
  std::swap(batch, slot.batch);
  slot.filled = false;
  ++delivered;
  lock.unlock();
  roomMade.notify_all();
  return true;
}

} // namespace roux::data
