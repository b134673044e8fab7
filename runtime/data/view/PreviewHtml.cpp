//===- PreviewHtml.cpp - a step as a page ---------------------------------===//
//
// One file that can be mailed: packs as bars to scale, tokens shaded by weight, and
// all five columns of a token under the pointer. Text of the data is only ever put
// into the page escaped.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/view/Preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace roux::data {

static constexpr const char *head = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Step preview</title><style>
:root{--page:#fbfbf9;--ink:#1d2421;--soft:#6d7772;--line:#dfe3dd;--card:#fff;--target:34,139,84;--jump:#8a3fb0;--other:#b25c00}
@media(prefers-color-scheme:dark){:root{--page:#131715;--ink:#e4e9e5;--soft:#8f9a94;--line:#2b322e;--card:#1a1f1c;--target:64,190,120;--jump:#c68be6;--other:#ffb057}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px 120px}h1{font-size:22px;margin:0 0 4px}
.facts{display:flex;flex-wrap:wrap;gap:8px 28px;margin:14px 0 26px}.facts b{display:block;font-size:20px;font-weight:600;font-variant-numeric:tabular-nums}
.facts span,.soft{color:var(--soft);font-size:13px}.legend{margin:0 0 20px;font-size:13px;color:var(--soft)}
.pack{margin:26px 0 8px;font-weight:600}.bar{display:flex;height:18px;border-radius:4px;overflow:hidden;background:var(--line);margin-bottom:14px}
.bar a{display:block;height:100%;border-right:2px solid var(--page);background:rgb(var(--target),.30)}.bar a:hover{background:rgb(var(--target),.7)}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 16px;margin:0 0 12px}
section h2{font-size:14px;margin:0 0 8px;display:flex;flex-wrap:wrap;gap:4px 16px}section h2 span{font-weight:400;color:var(--soft)}
.text{font:13.5px/1.75 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.text i{font-style:normal;border-radius:3px;border-right:1px solid var(--line)}.text i:hover{outline:2px solid var(--ink)}
.text .t{background:rgb(var(--target),calc(.12 + .55*var(--w)))}.text .z{background:#d33;color:#fff}.text .u{color:var(--soft)}
.text em{font-style:normal;color:var(--other);font-size:11px;vertical-align:super}.text s{text-decoration:none;color:var(--jump);font-size:11px;vertical-align:super}
.cut{display:block;color:var(--soft);text-align:center;margin:6px 0}
#tip{position:fixed;left:0;right:0;bottom:0;background:var(--card);border-top:1px solid var(--line);padding:10px 20px;font:13px/1.5 ui-monospace,monospace;min-height:44px}
</style></head><body><main>
)";

static constexpr const char *foot =
    R"(</main><div id="tip">Point at a token to see its five columns.</div><script>
const tip=document.getElementById('tip');
document.addEventListener('mouseover',e=>{const t=e.target.closest('.text i');if(!t)return;const[d,p,l,w,r,n,c]=t.dataset.v.split('|');
const s=t.closest('section').dataset.s;
tip.textContent=`token ${n}: id ${d}   label ${l||'none'}   weight ${w||'0'}   position ${p||'none, it is only a label'}   segment ${s}`+(r?`   role ${r}`:'')+(c||'')});
</script></body></html>
)";

static std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '|') // separates the columns behind a token
      out += "&#9474;";
    else
      out += c;
  }
  return out;
}

static std::string tokenHtml(const PreviewStep &step, const PreviewToken &token, bool jumps) {
  bool isTarget = token.label != noLabel;
  std::string out;
  if (jumps)
    out += fmt::format("<s>{}</s>", token.position);
  double share = step.heaviest > 0 ? std::min(std::fabs(token.weight) / step.heaviest, 1.0) : 0;
  std::string look = !isTarget ? "class=u"
                     : step.weighed && token.weight == 0
                         ? "class=z"
                         : fmt::format("class=t style=--w:{:.2f}", step.weighed ? share : .5);
  std::string scores;
  for (size_t s = 0; s < token.scores.size(); ++s)
    scores +=
        fmt::format("   {} {}", escaped(step.tokenScores[s]),
                    std::isnan(token.scores[s]) ? "none" : fmt::format("{:.6g}", token.scores[s]));
  out += fmt::format("<i {} data-v=\"{}|{}|{}|{}|{}|{}|{}\">{}", look, token.id,
                     token.isInput ? std::to_string(token.position) : "",
                     isTarget ? std::to_string(token.label) : "",
                     isTarget ? (step.weighed ? fmt::format("{:.6g}", token.weight) : "by a model")
                              : "",
                     escaped(token.role), token.index, scores, escaped(token.text));
  if (!token.labelText.empty())
    out += fmt::format("<em>{}</em>", escaped(token.labelText));
  return out + (token.text == "⏎" ? "\n</i>" : "</i>");
}

static std::string sequenceHtml(const PreviewStep &step, const PreviewSequence &sequence) {
  std::string scores;
  for (const PreviewScore &score : sequence.scores)
    scores += fmt::format("<span>score {}</span>", escaped(scoreText(score)));
  std::string out = fmt::format(
      "<section id=s{0} data-s={0}><h2>{1}<span>segment {0}</span><span>{2} tokens</span><span>{3} "
      "targets</span><span>{4}</span>{5}</h2><div class=text>",
      sequence.segment, escaped(sequence.name), sequence.tokens, sequence.targets,
      step.weighed ? fmt::format("weight {:.6g}", sequence.weight) : "weighed by a model", scores);
  for (size_t i = 0; i < sequence.shown.size(); ++i) {
    bool behindHidden = sequence.hidden && i == sequence.hiddenAt;
    if (behindHidden)
      out += fmt::format("<span class=cut>{} more tokens</span>", sequence.hidden);
    const PreviewToken &token = sequence.shown[i];
    bool jumps = i > 0 && !behindHidden && token.isInput &&
                 token.position != sequence.shown[i - 1].position + 1;
    out += tokenHtml(step, token, jumps);
  }
  return out + "</div></section>\n";
}

/// The pack that begins at sequence `first`, to scale: what is left over stays grey.
static std::string packHtml(const PreviewStep &step, size_t first) {
  uint32_t pack = step.sequences[first].pack;
  uint64_t used = 0;
  std::string bar;
  for (size_t i = first; i < step.sequences.size() && step.sequences[i].pack == pack; ++i) {
    const PreviewSequence &sequence = step.sequences[i];
    used += sequence.positions;
    bar += fmt::format("<a href=#s{} style=width:{:.4f}% title=\"{}\"></a>", sequence.segment,
                       100.0 * sequence.positions / static_cast<double>(step.packCapacity),
                       escaped(sequence.name));
  }
  return fmt::format("<div class=pack>Pack {} <span class=soft>{} of {} positions, {:.1f}%</span>"
                     "</div><div class=bar>{}</div>\n",
                     pack, used, step.packCapacity,
                     100.0 * static_cast<double>(used) / static_cast<double>(step.packCapacity),
                     bar);
}

std::string previewHtml(const PreviewStep &step) {
  const PlannedStep &counts = step.counts;
  std::string out = head;
  out += fmt::format("<h1>Step {} of {}</h1><div class=soft>epoch {} &middot; plan {:016x}</div>"
                     "<div class=facts>",
                     step.step, step.steps, counts.epoch, step.planHash);
  for (auto [what, count] :
       {std::pair("sequences", uint64_t(counts.count)),
        std::pair("with targets", uint64_t(counts.sequences)),
        std::pair("positions", counts.positions), std::pair("target tokens", counts.targets),
        std::pair("longest", uint64_t(counts.longest))})
    out += fmt::format("<div><b>{}</b><span>{}</span></div>", count, what);
  out += "</div><p class=legend>Shaded tokens are targets, darker for a heavier weight; red ones "
         "weigh nothing. <span style=\"color:var(--other)\">Orange</span> is a label that is not "
         "the token itself, <span style=\"color:var(--jump)\">purple</span> a position that "
         "jumps.</p>\n";
  for (size_t i = 0; i < step.sequences.size(); ++i) {
    if (step.packCapacity && (i == 0 || step.sequences[i].pack != step.sequences[i - 1].pack))
      out += packHtml(step, i);
    out += sequenceHtml(step, step.sequences[i]);
  }
  return out + foot;
}

} // namespace roux::data
