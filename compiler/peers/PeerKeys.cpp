//===- PeerKeys.cpp - what is known of other tools' keys ------------------===//
//
// A row a meaning. A key ends in `*` where all that begin so mean the same.
//
//===----------------------------------------------------------------------===//
#include "compiler/peers/PeerKeys.h"

namespace roux::peers {

namespace {
struct Row {
  std::string_view names; ///< with blanks between and around them
  PeerKey key;
};
} // namespace

static constexpr bool harmless = true, missing = false;

static constexpr Row rows[] = {
    {" flash_attention flash_attn flash_attn_* attn_implementation sdp_attention "
     "xformers_attention eager_attention s2_attention unsloth_* use_unsloth* liger_* use_liger* "
     "enable_liger_kernel plugins torch_compile* cut_cross_entropy flex_attention lora_mlp_kernel "
     "lora_qkv_kernel lora_o_kernel use_kernels ",
     {harmless, "every kernel is compiled for its model"}},
    {" pad_to_sequence_len padding_free padding_strategy pad_to_multiple_of eval_sample_packing "
     "sample_packing_* pad_token_id neat_packing packing_strategy shift_attn ",
     {harmless, "nothing is padded, and documents of a pack never see each other"}},
    {" output_dir logging_dir run_name overwrite_output_dir dataset_prepared_path "
     "overwrite_cache cache_dir tokenized_path hf_hub_token ",
     {harmless, "results lie in runs/, in a folder named after the recipe"}},
    {" wandb_* use_wandb report_to mlflow_* comet_* use_tensorboard plot_loss swanlab_* "
     "logging_strategy logging_first_step include_num_input_tokens_seen "
     "include_tokens_per_second log_level disable_tqdm ",
     {harmless, "each train writes metrics.jsonl and TensorBoard events"}},
    {" tf32 gradient_checkpointing_kwargs disable_gradient_checkpointing optim_bits ",
     {harmless, "it changes memory and speed; tf32 is no dtype of ours yet"}},
    {" base_model_config tokenizer_name_or_path processor_type eos_token bos_token pad_token ",
     {missing, "the tokenizer and its tokens are the folder's; { tokenizer: load(…) } is another"}},
    {" dataset_dir dataset_config dataset_train_split dataset_text_field media_dir "
     "dataset_kwargs ",
     {missing, "data: names files; records are read by the names of their keys"}},
    {" push_to_hub hub_* hf_use_auth_token trust_remote_code resize_token_embeddings_to_32x "
     "use_fast_tokenizer use_fast strict tokenizer_type model_type is_llama_derived_model "
     "is_mistral_derived_model is_qwen_derived_model revision_of_model model_revision "
     "tokenizer_config tokenizer_use_* torch_dtype dtype low_cpu_mem_usage device_map ",
     {harmless, "the folder says what model and tokenizer it is, and nothing is uploaded"}},
    {" preprocessing_num_workers dataset_processes dataloader_* dataset_num_proc "
     "group_by_length_* remove_unused_columns shuffle_merged_datasets dataset_keep_in_memory "
     "ddp_timeout ddp_* local_rank save_safetensors save_only_model do_train do_eval do_predict "
     "special_tokens_map bench_dataset debug early_save saves_per_epoch save_strategy "
     "evals_per_epoch eval_strategy evaluation_strategy per_device_eval_batch_size "
     "eval_batch_size eval_accumulation_steps eval_max_new_tokens eval_table_size prediction_* "
     "max_samples_of_eval report_gpu gc_steps use_cache ",
     {harmless,
      "it changes when or how, not what is trained; the end is always saved and measured"}},
    {" deepspeed fsdp fsdp_* tensor_parallel_size context_parallel_size sequence_parallel_* "
     "pipeline_parallel_size num_processes ",
     {missing, "one device today; parallel: and devices: of run are known and do not run yet"}},
    {" load_in_8bit load_in_4bit quantization_* bnb_* gptq* double_quantization "
     "quantization_bit ",
     {missing, "weights are not quantized: it trains in bf16 or f32"}},
    {" lora_model_dir adapter_name_or_path ",
     {missing, "write adapt: lora(…, from: \"folder\") to go on with an adapter"}},
    {" freeze_* unfrozen_parameters ",
     {missing, "write freeze: [embeddings, layers(0..11)] in the train"}},
    {" lora_modules_to_save additional_target loraplus_* use_dora pissa_* peft_* lora_bias "
     "lora_on_cpu lora_fan_in_fan_out ",
     {missing, "an adapter is low-rank updates of linear layers, all at one learning rate"}},
    {" neftune_noise_alpha label_smoothing_factor noisy_embedding_alpha dropout attention_dropout ",
     {missing, "there is none of it; a loss is a formula of token.nll and token.logsumexp"}},
    {" special_tokens tokens added_tokens_overrides add_tokens add_special_tokens "
     "new_special_tokens "
     "resize_vocab ",
     {missing, "tokens cannot be added; the tokenizer is the model's"}},
    {" early_stopping_* load_best_model_at_end metric_for_best_model greater_is_better "
     "early_stopping_patience ",
     {missing, "write keep: best(unseen) and patience: 3 in the train, and during: in the eval"}},
    {" test_datasets eval_dataset eval_on_each_dataset dataset_test_split ",
     {missing, "write a second data and an eval with loss(…) for it"}},
    {" rope_scaling rope_theta overrides_of_model_config relora_* model_config ",
     {missing, "write rope: and context: in the block behind load(…)"}},
    {" default_system_message train_on_eos roles train_on_eot eot_tokens chat_template_jinja "
     "efficient_eos system ",
     {missing, "the template is the model's or one with a name; preview shows what is learnt"}},
    {" lr_scheduler_kwargs cosine_min_lr_ratio cosine_constant_lr_ratio lr_groups lr_div_factor "
     "optim_args embedding_lr* loraplus_lr_ratio optim_target_modules galore_* use_galore "
     "use_badam use_apollo apollo_* ",
     {missing,
      "write schedule: with its parts, as in [warmup(3%), cosine(to: 10%)]; one rate is for all"}},
    {" excess_length_strategy streaming buffer_size max_samples dataset_shard_* "
     "skip_prepare_dataset "
     "min_sample_len dataset_exact_deduplication sample_packing_group_size mask_history_of_eval ",
     {missing, "what stays of the data is written in data: where(…), sample(…), cut(…)"}},
};

static bool names(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    size_t end = list.find(' ');
    std::string_view word = list.substr(0, end);
    list = end == list.npos ? std::string_view() : list.substr(end + 1);
    bool isPrefix = word.ends_with('*');
    if (!word.empty() &&
        (isPrefix ? name.starts_with(word.substr(0, word.size() - 1)) : name == word))
      return true;
  }
  return false;
}

const PeerKey *knownKey(std::string_view name) {
  for (const Row &row : rows)
    if (names(row.names, name))
      return &row.key;
  return nullptr;
}

} // namespace roux::peers
