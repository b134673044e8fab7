//===- OtherWords.cpp - what people write who come from other tools -------===//
//
// One table, a row a thing; the words are those of axolotl, TRL, transformers,
// LLaMA-Factory and of datasets.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/OtherWords.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

namespace roux {

namespace {
struct OtherWord {
  std::string_view words;  ///< with blanks between and around them
  std::string_view owners; ///< the same, of what may hold it; empty: anything
  std::string_view here;
};
} // namespace

static constexpr OtherWord table[] = {
    // A train.
    {" epochs num_epochs num_train_epochs epoch n_epochs ", "", "write length: 2 epochs"},
    {" max_steps steps total_steps num_steps iterations ", "", "write length: 500 steps"},
    {" max_tokens total_tokens ", " train ", "write length: 1B tokens"},
    {" gradient_accumulation gradient_accumulation_steps accumulate_grad_batches grad_accum ", "",
     "a step is what batch says, as in batch: 8 * pack(8Ki tokens, …); how it is cut follows from "
     "the memory"},
    {" batch_size train_batch_size per_device_train_batch_size global_batch_size "
     "total_batch_size ",
     "", "write batch: 8 * pack(8Ki tokens, …) or batch: each(32 sequences, …)"},
    {" micro_batch_size micro_batch ", " train ",
     "how a step is cut is no part of a train; micro_batch is a key of run"},
    {" learning_rate rate ", " adamw muon ", "write lr"},
    {" lr learning_rate ", "", "write optimizer: adamw(lr: 2e-5)"},
    {" eps adam_epsilon ", " adamw ", "write epsilon"},
    {" weight_decay wd ", " adamw muon ", "write decay"},
    {" weight_decay wd ", "", "write optimizer: adamw(lr: 2e-5, decay: 0.1)"},
    {" beta1 beta2 adam_beta1 adam_beta2 ", "", "write betas: [0.9, 0.999] of adamw"},
    {" optim ", "", "write optimizer: adamw(lr: 2e-5)"},
    {" adam adamw_torch adamw_torch_fused adamw_8bit paged_adamw_8bit sgd lion adafactor ", "",
     "the optimizers here are adamw(lr: …) and muon(lr: …, rest: adamw(…))"},
    {" max_grad_norm grad_clip gradient_clipping clip_grad_norm gradient_clip_val ", "",
     "write clip: 1"},
    {" warmup warmup_ratio warmup_steps ", " train ",
     "write schedule: [warmup(3%), cosine(to: 0)]"},
    {" lr_scheduler lr_scheduler_type scheduler ", "",
     "write schedule: [warmup(3%), cosine(to: 0)]"},
    {" sequence_len sequence_length seq_len seq_length max_seq_length max_seq_len max_length "
     "cutoff_len block_size context_length ",
     " train ", "the length of a pack says it: batch: 8 * pack(8Ki tokens, overflow: drop, …)"},
    {" packing sample_packing pack ", " train ",
     "write batch: 8 * pack(8Ki tokens, overflow: drop, last: keep)"},
    {" pad_to_sequence_len padding pad_to_multiple_of padding_side ", "", "nothing is ever padded"},
    {" group_by_length ", "", "write batch: sorted(group: 8, …)"},
    {" train_on_inputs train_on_input train_on_prompt train_on_completions_only "
     "completion_only_loss assistant_only_loss roles_to_train mask_history ",
     "", "write target: role == assistant, or any other condition"},
    {" val_set_size val_size test_size validation_split test_split ", "",
     "hold some data out: data held = all | sample(5%), all | without(held), and an eval with "
     "loss(held)"},
    {" eval_steps evals_per_epoch evaluation_strategy eval_strategy eval_dataset eval_every ", "",
     "write an eval with during: every(50 steps)"},
    {" label_smoothing label_smoothing_factor neftune_noise_alpha dropout attention_dropout ", "",
     "there is none of it; loss is a formula of token.nll and token.logsumexp"},
    {" lora lora_r lora_rank lora_alpha lora_dropout lora_target_modules peft peft_config qlora "
     "adapter ",
     "", "write adapt: lora(rank: 16) in the block of the model that is trained"},
    {" early_stopping_patience early_stopping load_best_model_at_end ", "",
     "write keep: best(unseen) and patience: 3, with an eval that measures unseen during: every(50 "
     "steps)"},
    {" shuffle ", " train ", "order belongs to the data: data: chats | shuffle"},
    {" seed random_seed ", " train run shuffle sample ", "write seed 7 on a line of its own"},
    {" resume resume_from_checkpoint auto_resume_from_checkpoints ", "",
     "the same command goes on where it was"},
    // A run.
    {" bf16 fp16 tf32 precision mixed_precision torch_dtype bfloat16 ", " run ",
     "write dtype: bf16"},
    {" bfloat16 ", "", "write bf16"},
    {" float32 fp32 ", "", "write f32"},
    {" float16 fp16 half ", "", "write bf16"},
    {" float64 fp64 double ", "", "write f64"},
    {" gpu gpus ", " device ", "write cuda"},
    {" gpus num_gpus n_gpu num_devices world_size nproc_per_node ", "", "write devices: 8 in run"},
    {" gradient_checkpointing activation_checkpointing use_gradient_checkpointing ", "",
     "write recompute: layers in run"},
    {" save_total_limit ", "", "write save: every(200 steps, keep: 3) in run"},
    {" save_steps saves_per_epoch save_strategy checkpoint_every checkpointing_steps ", "",
     "write save: every(200 steps) in run"},
    {" logging_steps log_every log_every_n_steps ", "", "write log: every(10 steps) in run"},
    {" output_dir out output save_dir run_name logging_dir ", "",
     "results lie in runs/, in a folder named after the recipe"},
    {" deepspeed fsdp fsdp_config ddp tensor_parallel_size pipeline_parallel_size ", "",
     "write parallel: shard in run, which does not run yet"},
    {" flash_attention attn_implementation sdp_attention xformers_attention liger_kernel "
     "use_liger_kernel torch_compile cut_cross_entropy ",
     "", "kernels are always compiled; there is nothing to turn on"},
    {" wandb_project wandb report_to mlflow_experiment_name tensorboard ", "",
     "each train's events/ is for TensorBoard, whatever is written here"},
    {" hub_model_id push_to_hub hf_use_auth_token ", "", "nothing is uploaded"},
    {" num_workers dataset_processes dataloader_num_workers preprocessing_num_workers ", "",
     "write threads in run"},
    // Data.
    {" filter select ", "", "write where(…)"},
    {" take limit head max_samples first ", "", "write sample(1_000 records)"},
    {" truncate truncation clip_length ", "", "write cut(8Ki tokens, side: right)"},
    {" map apply ", "", "records are read as they are; where, strip, cut and split change them"},
    {" interleave interleave_datasets blend weighted ", "",
     "write mix(a: 70%, b: 30%, by: tokens)"},
    {" concatenate concatenate_datasets merge chain ", "", "write concat(a, b)"},
    {" dedup deduplicate unique ", "", "there is none of it; without(others) leaves out records"},
    {" jsonl json dataset load_dataset conversations messages sharegpt alpaca parquet csv ", "",
     "write chat(\"files*.jsonl\"), text(…), completion(…) or tokens(…)"},
    // Models.
    {" from_pretrained AutoModel AutoModelForCausalLM pretrained base_model "
     "model_name_or_path hf huggingface hub ",
     "", "write load(\"folder\"); a model is a folder on disk"},
    {" tokenizer template context rope ", " load ",
     "it stands in a block behind: load(\"folder\") { … }"},
    {" rope_theta rope_scaling rope_base ", "", "write rope: base(1_000_000) or yarn(factor: 4)"},
    {" max_position_embeddings max_position model_max_length ", "", "write context: 64Ki"},
    {" chat_template prompt_template chat_format ", "", "write template: chatml"},
    // Formulas.
    {" assistant user system tool human gpt ", " formula ", "write role == assistant"},
    {" mean average token_mean ", " formula ", "write 1 / step.targets"},
    {" last last_turn is_last ", " turn ", "the last is turn.index == turns - 1"},
    {" length len num_tokens size n_tokens ", " sequence pack step turn span ", "write tokens"},
    {" target_tokens num_targets labels ", " sequence pack step turn span ", "write targets"},
};

static bool holds(std::string_view list, std::string_view word) {
  for (size_t at = list.find(word); !word.empty() && at != list.npos; at = list.find(word, at + 1))
    if (list[at - 1] == ' ' && list[at + word.size()] == ' ')
      return true;
  return false;
}

std::string writtenHere(std::string_view word, std::string_view owner) {
  if (word.find(' ') != word.npos)
    return {};
  for (const OtherWord &row : table)
    if (holds(row.words, word) && (row.owners.empty() || holds(row.owners, owner)))
      return fmt::format("; {}", row.here);
  return {};
}

} // namespace roux
