"""config.json of Llama-2-7B's shape."""
import json

json.dump({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008,
           "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32000,
           "max_position_embeddings": 65536, "rms_norm_eps": 1e-5, "rope_theta": 2e6, "hidden_act": "silu",
           "tie_word_embeddings": False, "torch_dtype": "bfloat16"}, open("config.json", "w"))
