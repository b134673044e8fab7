"""Llama in NumPy's double precision, written from its description: what scores are compared with."""
import numpy


class Llama:
    def __init__(self, config, tensors):
        """`config` as in config.json, `tensors` by their names in Hugging Face's layout."""
        self.config = config
        self.tensors = {name: numpy.asarray(tensor, dtype=numpy.float64) for name, tensor in tensors.items()}

    def norm(self, x, name):
        scale = numpy.sqrt((x * x).mean(-1, keepdims=True) + self.config["rms_norm_eps"])
        return x / scale * self.tensors[name]

    def turn(self, x):
        """Rotary positions of tokens x heads x channels: channel i goes with i + half."""
        half = x.shape[-1] // 2
        speed = self.config.get("rope_theta", 10000.0) ** (-numpy.arange(half) / half)
        angle = numpy.arange(x.shape[0])[:, None, None] * speed
        a, b = x[..., :half], x[..., half:]
        return numpy.concatenate([a * numpy.cos(angle) - b * numpy.sin(angle), b * numpy.cos(angle) + a * numpy.sin(angle)], -1)

    def linear(self, x, name):
        return x @ self.tensors[name + ".weight"].T

    def attention(self, x, prefix):
        heads, groups = self.config["num_attention_heads"], self.config["num_key_value_heads"]
        width = self.config["hidden_size"] // heads
        q = self.turn(self.linear(x, prefix + "q_proj").reshape(len(x), heads, width))
        k = self.turn(self.linear(x, prefix + "k_proj").reshape(len(x), groups, width))
        v = self.linear(x, prefix + "v_proj").reshape(len(x), groups, width)
        k, v = (numpy.repeat(each, heads // groups, axis=1) for each in (k, v))
        scores = numpy.einsum("thc,uhc->htu", q, k) / numpy.sqrt(width)
        scores = numpy.where(numpy.tril(numpy.ones((len(x), len(x)), bool)), scores, -numpy.inf)
        scores = numpy.exp(scores - scores.max(-1, keepdims=True))
        mixed = numpy.einsum("htu,uhc->thc", scores / scores.sum(-1, keepdims=True), v)
        return self.linear(mixed.reshape(len(x), -1), prefix + "o_proj")

    def logits(self, ids):
        x = self.tensors["model.embed_tokens.weight"][list(ids)]
        for layer in range(self.config["num_hidden_layers"]):
            prefix = f"model.layers.{layer}."
            x = x + self.attention(self.norm(x, prefix + "input_layernorm.weight"), prefix + "self_attn.")
            h = self.norm(x, prefix + "post_attention_layernorm.weight")
            gate = self.linear(h, prefix + "mlp.gate_proj")
            x = x + self.linear(gate / (1 + numpy.exp(-gate)) * self.linear(h, prefix + "mlp.up_proj"), prefix + "mlp.down_proj")
        x = self.norm(x, "model.norm.weight")
        table = "lm_head.weight" if "lm_head.weight" in self.tensors else "model.embed_tokens.weight"
        return x @ self.tensors[table].T

    def nll(self, ids):
        """Of each token but the first."""
        logits = self.logits(ids[:-1])
        top = logits.max(-1, keepdims=True)
        sums = numpy.log(numpy.exp(logits - top).sum(-1)) + top[:, 0]
        return sums - logits[numpy.arange(len(ids) - 1), list(ids[1:])]
