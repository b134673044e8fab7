//===- FillPromptTest.cpp - what a hole of a prompt is ----------------------===//
#include "runtime/data/pipeline/FillPrompt.h"
#include "runtime/data/records/RecordError.h"

#include <gtest/gtest.h>

using namespace roux::data;

namespace {

Record document() {
  Record record;
  record.layout = Layout::Text;
  record.document = "In the beginning";
  record.fields = {{"lang", Field::Kind::Text, "en"}, {"names", Field::Kind::Json, "[\"a\", 2]"}};
  return record;
}

TEST(FillPrompt, ADocumentIsCalledAsItsKeyIsToo) {
  Record record = document();
  EXPECT_EQ(filledPrompt("{document}|{text}|{lang}|{names}|\\{text\\}", record),
            "In the beginning|In the beginning|en|a\n2|{text}");
}

TEST(FillPrompt, OfACompletionThePromptIsAsked) {
  Record record;
  record.layout = Layout::Completion;
  record.messages = {{"user", "Who?", {}}, {"assistant", "Saul.", {}}};
  EXPECT_EQ(filledPrompt("{prompt} {document}", record), "Who? Who?");
}

TEST(FillPrompt, WhatARecordLacksIsNamed) {
  Record record = document();
  auto refusal = [&](std::string_view prompt) -> std::string {
    try {
      return filledPrompt(prompt, record);
    } catch (const RecordError &error) {
      return error.what();
    }
  };
  EXPECT_EQ(refusal("{nmae}"), "the record has no 'nmae', which the prompt asks for");
  record.layout = Layout::Completion;
  EXPECT_EQ(refusal("{text}"), "the record has no 'text', which the prompt asks for");
}

} // namespace
