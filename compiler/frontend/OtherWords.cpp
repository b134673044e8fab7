//===- OtherWords.cpp - what people write who come from other tools -------===//
//
// One table, a row a thing; the words are those of axolotl, TRL, transformers,
// LLaMA-Factory and of datasets.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/OtherWords.h"
#include "compiler/frontend/Diagnostic.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

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
    {" epochs num_epochs num_train_epochs epoch n_epochs max_epochs train_epochs ", "",
     "write length: 2 epochs"},
    {" max_steps steps total_steps num_steps iterations num_train_steps max_train_steps "
     "train_steps "
     "max_iters num_iterations train_iters updates max_updates stop_at duration max_duration ",
     "", "write length: 500 steps"},
    {" max_tokens total_tokens train_tokens num_tokens ", " train ", "write length: 1B tokens"},
    {" gradient_accumulation gradient_accumulation_steps accumulate_grad_batches grad_accum "
     "grad_accum_steps "
     "accumulation_steps accumulation accum_steps grad_accumulation gradient_accum_steps "
     "update_freq ",
     "",
     "a step is what batch says, as in batch: 8 * pack(8Ki tokens, …); how it is cut follows from "
     "the memory"},
    {" batch_size train_batch_size per_device_train_batch_size global_batch_size "
     "total_batch_size effective_batch_size batchsize bs device_batch_size "
     "global_train_batch_size ",
     "", "write batch: 8 * pack(8Ki tokens, …) or batch: each(32 sequences, …)"},
    {" tokens_per_step tokens_per_batch batch_tokens ", "",
     "write batch: tokens(32Ki tokens, …) or batch: 8 * pack(4Ki tokens, …)"},
    {" eval_batch_size per_device_eval_batch_size val_batch_size ", "",
     "how an eval is cut follows from the memory"},
    {" micro_batch_size micro_batch microbatch_size device_train_microbatch_size ", " train ",
     "how a step is cut is no part of a train; micro_batch is a key of run"},
    {" learning_rate rate peak_lr max_lr ", " adamw muon ", "write lr"},
    {" lr learning_rate peak_lr max_lr base_lr ", "", "write optimizer: adamw(lr: 2e-5)"},
    {" eps adam_epsilon adam_eps ", " adamw ", "write epsilon"},
    {" weight_decay wd ", " adamw muon ", "write decay"},
    {" weight_decay wd decay l2 ", "", "write optimizer: adamw(lr: 2e-5, decay: 0.1)"},
    {" eps adam_epsilon adam_eps epsilon ", "", "write optimizer: adamw(lr: 2e-5, epsilon: 1e-8)"},
    {" beta1 beta2 adam_beta1 adam_beta2 ", "", "write betas: [0.9, 0.999] of adamw"},
    {" betas adam_betas ", " train run ", "write optimizer: adamw(lr: 2e-5, betas: [0.9, 0.95])"},
    {" optim optimiser_type optimizer_type ", "", "write optimizer: adamw(lr: 2e-5)"},
    {" adam adamw_torch adamw_torch_fused adamw_8bit paged_adamw_8bit sgd lion adafactor "
     "shampoo soap "
     "rmsprop adamw_hf adamw_bnb_8bit ademamix sophia lamb adagrad galore ",
     "", "the optimizers here are adamw(lr: …) and muon(lr: …, rest: adamw(…))"},
    {" max_grad_norm grad_clip gradient_clipping clip_grad_norm gradient_clip_val gradient_clip "
     "max_norm "
     "clip_grad clip_norm grad_norm_clip clip_gradients grad_clip_norm ",
     "", "write clip: 1"},
    {" warmup warmup_ratio warmup_steps warmup_iters num_warmup_steps t_warmup ", " train ",
     "write schedule: [warmup(3%), cosine(to: 0)]"},
    {" lr_scheduler lr_scheduler_type scheduler lr_schedule cosine linear decay_steps lr_decay "
     "lr_scheduler_kwargs cosine_min_lr_ratio lr_decay_style schedule_type ",
     " train run adamw ", "write schedule: [warmup(3%), cosine(to: 0)]"},
    {" min_lr min_learning_rate final_lr end_lr min_lr_ratio min ", " train adamw cosine linear ",
     "how far the rate falls is said by the schedule, as in cosine(to: 10%)"},
    {" sequence_len sequence_length seq_len seq_length max_seq_length max_seq_len max_length "
     "cutoff_len block_size context_length model_max_length ",
     " train ", "the length of a pack says it: batch: 8 * pack(8Ki tokens, overflow: drop, …)"},
    {" sequence_len sequence_length seq_len seq_length max_seq_length max_seq_len max_length "
     "cutoff_len block_size context_length length tokens size ",
     " pack each sorted ", "the capacity stands without a name: pack(8Ki tokens, …)"},
    {" packing sample_packing pack packed multipack eval_sample_packing ", " train ",
     "write batch: 8 * pack(8Ki tokens, overflow: drop, last: keep)"},
    {" pad_to_sequence_len padding pad_to_multiple_of padding_side pad padding_free pad_token ", "",
     "nothing is ever padded"},
    {" group_by_length group ", " train ", "write batch: sorted(group: 8, …)"},
    {" drop_last dataloader_drop_last ", "", "write last: drop in the batch"},
    {" train_on_inputs train_on_input train_on_prompt train_on_completions_only "
     "completion_only_loss assistant_only_loss roles_to_train mask_history loss_mask mask loss_on "
     "train_on_eos train_on_eot ignore_index label_mask mask_prompt mask_inputs response_template "
     "train_on_responses_only ",
     "", "write target: role == assistant, or any other condition"},
    {" val_set_size val_size test_size validation_split test_split eval_split ", "",
     "hold some data out: data held = all | sample(5%), all | without(held), and an eval with "
     "loss(held)"},
    {" eval_steps evals_per_epoch evaluation_strategy eval_strategy eval_dataset eval_every eval "
     "evals eval_data "
     "validation validation_data val_data val_dataset eval_interval test_datasets do_eval "
     "eval_freq ",
     "", "write an eval with during: every(50 steps)"},
    {" label_smoothing label_smoothing_factor neftune_noise_alpha neftune dropout "
     "attention_dropout hidden_dropout "
     "embedding_dropout noise ",
     " train run adamw ",
     "there is none of it; loss is a formula of token.nll and token.logsumexp"},
    {" z_loss z_loss_weight ", "", "write loss: token.nll + 1e-4 * token.logsumexp ^ 2"},
    {" kl beta rl dpo kto orpo grpo ppo reward reward_model reference ref_model simpo loss_type ",
     " train run ",
     "a loss is a formula: of one token, or of chosen.logp and rejected.logp over data from "
     "pairs(…)"},
    {" teacher distill distillation teacher_model ", " train ",
     "a model elsewhere can write data: data d = docs | ask(teacher, …)"},
    {" freeze_layers unfreeze trainable unfrozen_parameters freeze_trainable_layers train_layers "
     "frozen "
     "trainable_layers freeze_embeddings modules_to_save ",
     " train run ", "write freeze: [embeddings, layers(0..11)]"},
    {" r lora_r lora_rank ", " lora ", "write rank"},
    {" lora_alpha scale scaling ", " lora ", "write alpha"},
    {" target_modules lora_target_modules lora_target target targets modules ", " lora ",
     "write on: [query, value]"},
    {" lora_dropout ", " lora ", "write dropout"},
    {" use_rslora ", " lora ", "write rslora"},
    {" q_proj wq c_attn q ", " on ", "write query"},
    {" k_proj wk k ", " on ", "write key"},
    {" v_proj wv v ", " on ", "write value"},
    {" o_proj wo c_proj out_proj o ", " on ", "write output"},
    {" gate_proj up_proj down_proj fc1 fc2 w1 w2 w3 ", " on ", "write gate, up and down"},
    {" all all_linear attention mlp ", " on ", "write linear for every matrix of the layers"},
    {" lora lora_r lora_rank lora_alpha lora_dropout lora_target_modules peft peft_config qlora "
     "adapter adapt rank dora lora_target finetuning_type target_modules ",
     " train run adamw ", "write adapt: lora(rank: 16) in the block of the model that is trained"},
    {" lora lora_r lora_rank lora_alpha lora_dropout lora_target_modules peft peft_config qlora "
     "adapter dora lora_target target_modules ",
     "", "write adapt: lora(rank: 16) in the block of the model that is trained"},
    {" load_in_4bit load_in_8bit quantization quantize quantization_config bnb_4bit_quant_type "
     "int4 int8 fp8 nf4 "
     "bits quant ",
     "", "numbers are f32 or bf16 here, never in fewer bits"},
    {" early_stopping_patience early_stopping load_best_model_at_end metric_for_best_model ", "",
     "write keep: best(unseen) and patience: 3, with an eval that measures unseen during: every(50 "
     "steps)"},
    {" shuffle curriculum replay sampler sampling weights_per_source mixture data_mix ",
     " train run ", "what is read, and in which order, belongs to the data: data: chats | shuffle"},
    {" seed random_seed data_seed ", " train run shuffle sample eval ask adamw bpe ",
     "write seed 7 on a line of its own"},
    {" resume resume_from_checkpoint auto_resume_from_checkpoints resume_from load_checkpoint "
     "overwrite_output_dir ",
     "", "the same command goes on where it was"},
    {" name description project tags notes title run_name ", " train run eval ",
     "a definition is called by its name, and '#' begins a note"},
    {" loss_fn criterion loss_function loss_type loss_func objective ", " train ",
     "write loss: token.nll, or another formula"},
    // A run.
    {" all max every cores ", " threads ", "write auto"},
    {" dtype torch_dtype precision ", " override model load ",
     "write dtype: bf16 in run; export_dtype: there is the type that the result is written in"},
    {" export_type save_dtype output_dtype merge_dtype save_type save_precision ", "",
     "write export_dtype: bf16 in run"},
    {" bf16 fp16 tf32 precision mixed_precision torch_dtype bfloat16 dtype amp half float16 ",
     " run train model load eval ", "write dtype: bf16 in run"},
    {" bfloat16 ", "", "write bf16"},
    {" float32 fp32 float single ", "", "write f32"},
    {" float16 fp16 half mixed ", "", "write bf16"},
    {" float64 fp64 double ", "", "write f64"},
    {" gpu gpus nvidia auto ", " device ", "write cuda"},
    {" mps metal rocm amd hip xpu tpu xla ", " device ", "a run is on the CPU or on an NVIDIA GPU"},
    {" gpu use_gpu no_cuda use_cpu accelerator ", " run train ",
     "write device: cuda or device: cpu in run"},
    {" gpus num_gpus n_gpu num_devices world_size nproc_per_node num_processes nodes num_nodes "
     "nnodes ngpu ",
     "", "write devices: 8 in run"},
    {" gradient_checkpointing activation_checkpointing use_gradient_checkpointing "
     "grad_checkpointing checkpointing "
     "activation_checkpoint recompute_activations ",
     "", "write recompute: layers in run"},
    {" full selective block true ", " recompute ", "write layers"},
    {" save_total_limit max_checkpoints keep_last_n keep_checkpoints ", "",
     "write save: every(200 steps, keep: 3) in run"},
    {" save_steps saves_per_epoch save_strategy checkpoint_every checkpointing_steps save_every "
     "save_interval "
     "checkpoint checkpoints checkpoint_interval save_freq ",
     "", "write save: every(200 steps) in run"},
    {" logging_steps log_every log_every_n_steps log_interval log_freq ", "",
     "write log: every(10 steps) in run"},
    {" output_dir out output save_dir logging_dir output_folder save_folder checkpoint_dir ", "",
     "results lie in runs/, in a folder named after the recipe"},
    {" fsdp zero zero1 zero2 zero3 deepspeed hsdp fsdp2 ", " parallel ", "write shard"},
    {" ddp dp ", " parallel ", "write data"},
    {" cp sp ulysses ring ", " parallel ", "write sequence"},
    {" deepspeed fsdp fsdp_config ddp tensor_parallel_size pipeline_parallel_size zero_stage "
     "tensor_parallel "
     "pipeline_parallel zero ddp_timeout context_parallel_size tp pp ",
     "", "write parallel: shard in run, which does not run yet"},
    {" flash_attention flash_attn attn_implementation sdp_attention xformers_attention "
     "liger_kernel "
     "use_liger_kernel torch_compile compile cut_cross_entropy use_flash_attention attention "
     "flash_attention_2 fused_loss use_cache xformers unsloth ",
     " train run model load adamw eval ",
     "kernels are always compiled; there is nothing to turn on"},
    {" wandb_project wandb report_to mlflow_experiment_name tensorboard mlflow logger wandb_run_id "
     "wandb_name "
     "use_wandb wandb_entity comet ",
     "", "each train's events/ is for TensorBoard, whatever is written here"},
    {" hub_model_id push_to_hub hf_use_auth_token hub_token push hub_strategy push ", "",
     "nothing is uploaded"},
    {" num_workers dataset_processes dataloader_num_workers preprocessing_num_workers num_proc "
     "dataset_num_proc workers num_threads n_threads dataloader_workers ",
     "", "write threads in run"},
    {" streaming prefetch pin_memory collator data_collator dataloader_pin_memory "
     "remove_unused_columns "
     "dataset_prepared_path dataloader_prefetch_factor label_names position_ids ",
     " train run chat text ", "there is nothing to set: data are read once and kept below runs/"},
    {" verbose quiet log_level debug ", " run train ", "roux run has the flag --quiet"},
    {" max_memory gpu_memory_limit memory_limit ", " run train ", "write memory: 80GB in run"},
    // Kinds.
    {" dataset datasets corpus source sources ", " kind ", "write data"},
    {" let def const var set define variable val constant ", " kind ", "write param"},
    {" finetune fine_tune training job experiment sft stage pretrain trainer ", " kind ",
     "write train"},
    {" evaluation test benchmark validate validation metric ", " kind ", "write eval"},
    {" llm base network checkpoint teacher ", " kind ", "write model"},
    {" import include require from ", " kind ", "another recipe is read by use \"parts.recipe\""},
    // Data.
    {" load open read ", " data ",
     "write chat(\"files*.jsonl\"), text(…), completion(…) or tokens(…)"},
    {" filter select ", " data ", "write where(…)"},
    {" take limit head max_samples first subset ", " data chat text completion train ",
     "write sample(1_000 records)"},
    {" truncate truncation clip_length trim crop ", " data overflow ",
     "write cut(8Ki tokens, side: right)"},
    {" map apply transform ", " data ",
     "records are read as they are; where, strip, cut and split change them"},
    {" interleave interleave_datasets blend weighted ", " data ",
     "write mix(a: 70%, b: 30%, by: tokens)"},
    {" concatenate concatenate_datasets merge chain union add ", " data ", "write concat(a, b)"},
    {" dedup deduplicate unique distinct ", " data ",
     "there is none of it; without(others) leaves out records"},
    {" order_by sort_by ", " data ", "write sort(by: sequence.tokens)"},
    {" batch group pack window ", " data ", "what makes a step is said by batch: of the train"},
    {" tokenize encode chunk chunks window_split ", " data ",
     "text becomes tokens by itself; write split(…) for pieces"},
    {" exclude minus difference except skip ", " data ", "write without(others)"},
    {" train_test_split split_off holdout ", " data ",
     "write sample(5%), and without(…) for the others"},
    {" upsample oversample loop ", " data ", "write repeat(2)"},
    {" jsonl json dataset datasets train_data training_data train_file train_dataset dataset_name "
     "data_files "
     "load_dataset conversations messages sharegpt alpaca parquet csv chats sft dialog corpus "
     "dataset_path files ",
     " data train run ", "write chat(\"files*.jsonl\"), text(…), completion(…) or tokens(…)"},
    {" field messages column role_field field_messages message_field_role split type conversations "
     "format "
     "message_property_mappings ",
     " chat text completion tokens ",
     "the layout of records is recognised; a split is a file of its own"},
    // Models.
    {" from_pretrained pretrained base_model base model_name "
     "model_name_or_path hf huggingface hub automodel automodelforcausallm model_path model_id "
     "path "
     "pretrained_model_name_or_path checkpoint_path init_from ",
     " model train run ", "write load(\"folder\"); a model is a folder on disk"},
    {" autotokenizer from_pretrained tokenizer_name tokenizer_path hf ", " tokenizer ",
     "write load(\"tokenizer.json\")"},
    {" tokenizer template context rope ", " load train run ",
     "it stands in a block behind: load(\"folder\") { … }"},
    {" rope_theta rope_scaling rope_base rotary_base ", "",
     "write rope: base(1_000_000) or yarn(factor: 4) behind load(…)"},
    {" max_position_embeddings max_position model_max_length max_length max_seq_length max_seq_len "
     "sequence_len seq_len n_positions ctx n_ctx context_length ",
     " model override load new ", "write context: 64Ki"},
    {" max_position_embeddings max_position ", "", "write context: 64Ki behind load(…)"},
    {" chat_template prompt_template chat_format template_name conversation_template ", "",
     "write template: chatml behind load(…)"},
    {" special_tokens tokens added_tokens eos bos pad eos_token bos_token add_tokens "
     "resize_token_embeddings ",
     " override model load ", "special tokens are the tokenizer's own"},
    {" hidden_size d_model n_embd width embed_dim hidden ", " new ", "write dim"},
    {" num_layers n_layer num_hidden_layers n_layers depth blocks ", " new ", "write layers"},
    {" num_heads n_head num_attention_heads n_heads ", " new ", "write heads"},
    {" num_kv_heads num_key_value_heads n_kv_heads ", " new ", "write kv_heads"},
    {" intermediate_size ffn_dim mlp_dim d_ff hidden_dim feed_forward ", " new ", "write ffn"},
    {" vocab_size vocab num_tokens ", " new ", "the tokenizer gives it"},
    {" vocab_size size num_tokens n_vocab ", " bpe ", "write vocab"},
    {" tie_word_embeddings tie_embeddings tie ", " new ", "write tied"},
    {" initializer_range init_std std ", " new ", "write deviation"},
    // Evals.
    {" perplexity ppl nll cross_entropy eval_loss validation_loss bits_per_byte ", " measurement ",
     "write loss(held)"},
    {" accuracy mmlu lm_eval benchmark gsm8k hellaswag lm_eval_tasks exact_match f1 rouge bleu ",
     " measurement ", "write task(…) with a metric, choices or likelihood"},
    {" generate generation sample completions completion ", " measurement ",
     "write samples([\"…\"], as: user)"},
    {" niah passkey retrieval ruler ", " measurement ", "write needle(…) or recall(…)"},
    {" max_new_tokens max_tokens max_length n num_tokens ", " samples task needle ",
     "write tokens"},
    {" temp ", " samples ", "write temperature"},
    {" top_k num_beams repetition_penalty do_sample ", " samples ",
     "samples has tokens, temperature and top_p"},
    {" every interval freq frequency when ", " eval ", "write during: every(50 steps)"},
    {" data dataset datasets eval_dataset ", " eval ",
     "data stand in a measurement: unseen: loss(held)"},
    {" file category group ", " by ", "write source"},
    // Formulas.
    {" assistant user system tool human gpt bot completion completions answer answers response "
     "responses output outputs "
     "is_assistant assistant_mask ",
     " formula ", "write role == assistant"},
    {" gpt bot ai model chatgpt answer response output completion ", " role ", "write assistant"},
    {" human prompt question instruction input ", " role ", "write user"},
    {" function observation tool_result ipython ", " role ", "write tool"},
    {" mean average token_mean mean_token sum batchmean ", " formula ", "write 1 / step.targets"},
    {" cross_entropy ce nll_loss ce_loss xent crossentropy ", " formula ", "write token.nll"},
    {" all everything any everywhere ", " formula ", "write true"},
    {" last last_turn is_last last_message final ", " formula ",
     "the last is turn.index == turns - 1"},
    {" n_tokens num_tokens seq_len seqlen ", " formula ", "write sequence.tokens"},
    {" num_targets target_tokens n_targets label_tokens ", " formula ", "write step.targets"},
    {" n m ntokens n_i length size tokens_in_batch ", " formula ",
     "counts are attributes: sequence.tokens, sequence.targets, step.targets, turns"},
    {" n_turns num_turns num_messages messages ", " formula ", "write turns"},
    {" len length size ", " function ", "lengths are attributes: sequence.tokens, turns"},
    {" last last_turn is_last ", " turn ", "the last is turn.index == turns - 1"},
    {" length len num_tokens size n_tokens count ", " sequence pack step turn span ",
     "write tokens"},
    {" target_tokens num_targets labels ", " sequence pack step turn span ", "write targets"},
    {" examples samples rows num_sequences ", " step pack ", "write sequences"},
    {" content message value ", " turn ", "write text"},
};

static bool holds(std::string_view list, std::string_view word) {
  for (size_t at = list.find(word); !word.empty() && at != list.npos; at = list.find(word, at + 1))
    if (list[at - 1] == ' ' && list[at + word.size()] == ' ')
      return true;
  return false;
}

/// Case and dashes tell no words apart.
static std::string plain(std::string_view word) {
  std::string text(word);
  for (char &c : text)
    c = c == '-' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

static const OtherWord *rowOf(std::string_view word, std::string_view owner) {
  const auto *row = std::ranges::find_if(table, [&](const OtherWord &each) {
    return holds(each.words, word) && (each.owners.empty() || holds(each.owners, owner));
  });
  return row == std::end(table) ? nullptr : row;
}

/// The word of any table that `word` was probably meant to be, for words that are long enough to be
/// told from a slip of another one.
static std::string nearestOther(std::string_view word) {
  constexpr size_t shortest = 7;
  if (word.size() < shortest)
    return {};
  std::vector<std::string_view> known;
  for (const OtherWord &row : table)
    for (size_t at = 1, end; (end = row.words.find(' ', at)) != row.words.npos; at = end + 1)
      if (size_t size = end - at; size >= shortest)
        known.push_back(row.words.substr(at, size));
  return std::string(nearestName(word, known));
}

std::string writtenHere(std::string_view word, std::string_view owner) {
  constexpr size_t longest = 40;
  if (word.find(' ') != word.npos || word.size() > longest)
    return {};
  const OtherWord *row = rowOf(plain(word), owner);
  return row ? fmt::format("; {}", row->here) : std::string();
}

std::string nearlyWrittenHere(std::string_view word, std::string_view owner) {
  if (word.find(' ') != word.npos)
    return {};
  std::string nearest = nearestOther(plain(word));
  return nearest.empty() ? std::string() : writtenHere(nearest, owner);
}

} // namespace roux
