//===- ReportStyle.cpp - how the report looks -----------------------------===//
//
// Six colours for curves that differ in lightness as well as in hue, checked on
// both backgrounds.
//
//===----------------------------------------------------------------------===//
#include "runtime/report/ReportStyle.h"

namespace roux::report {

static constexpr std::string_view style = R"css(
:root { color-scheme: light dark; --back: #fcfcfa; --panel: #fff; --ink: #1d2126; --soft: #646b75;
  --rule: #e3e4e0; --heat: 214 60%; --heatlow: 96%; --heathigh: 38%;
  --c0: #2f62c4; --c1: #d1661e; --c2: #23865a; --c3: #a23fa6; --c4: #b8890b; --c5: #5b6570; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171a; --panel: #1c2024; --ink: #e8e9e6; --soft: #9aa2ab; --rule: #30353b;
    --heatlow: 16%; --heathigh: 58%;
    --c0: #7ea6f5; --c1: #f29c60; --c2: #65c99a; --c3: #d88adb; --c4: #e0bd55; --c5: #a5aeb8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; margin: 0; letter-spacing: -0.01em; }
h1, h2, h3, figcaption, summary, .sample { overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 40px 0 12px; }
h3 { font-size: 14px; margin: 18px 0 8px; }
.sub, .note { color: var(--soft); margin: 2px 0 0; }
.warning { margin: 12px 0 0; padding: 8px 14px; background: var(--panel); border-left: 4px solid var(--c1);
  overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin-top: 24px; }
.tile, figure, .formula, .sample { background: var(--panel); border: 1px solid var(--rule);
  border-radius: 8px; }
.tile { padding: 12px 14px; }
.tile b { overflow-wrap: anywhere; display: block; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(420px, 100%), 1fr));
  gap: 14px; }
figure { margin: 0; padding: 10px 8px 6px; min-width: 0; }
figcaption { font-size: 14px; font-weight: 600; padding: 0 8px 6px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; padding: 2px 8px 4px; font-size: 13px; }
.legend span { overflow-wrap: anywhere; }
.legend i { display: inline-block; width: 18px; margin-right: 6px; vertical-align: middle;
  border-top: 3px solid; }
.legend i.dashed { border-top-style: dashed; } .line.dashed { stroke-dasharray: 6 4; }
.legend .b0 { border-color: var(--c0); } .legend .b1 { border-color: var(--c1); } .legend .b2 { border-color: var(--c2); }
.legend .b3 { border-color: var(--c3); } .legend .b4 { border-color: var(--c4); } .legend .b5 { border-color: var(--c5); }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--soft); }
svg .number { text-anchor: end; } svg .axis, svg .tick, svg .cell { text-anchor: middle; }
svg .start { text-anchor: start; }
svg .cell { fill: var(--ink); } svg .cell.high { fill: var(--panel); }
.grid { stroke: var(--rule); } .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.heat { fill: hsl(var(--heat) calc(var(--heatlow) + (var(--heathigh) - var(--heatlow)) * var(--score))); }
.s0 { stroke: var(--c0); } .s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); }
.s3 { stroke: var(--c3); } .s4 { stroke: var(--c4); } .s5 { stroke: var(--c5); }
.f0 { fill: var(--c0); } .f1 { fill: var(--c1); } .f2 { fill: var(--c2); }
.f3 { fill: var(--c3); } .f4 { fill: var(--c4); } .f5 { fill: var(--c5); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; background: var(--panel);
  border: 1px solid var(--rule); font-variant-numeric: tabular-nums; }
th, td { padding: 7px 12px; text-align: right; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
th { color: var(--soft); font-weight: 500; font-size: 13px; white-space: nowrap; }
th.words, td.words { text-align: left; }
pre, code { font: 13px/1.55 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { margin: 0; padding: 14px 16px; overflow-x: auto; white-space: pre-wrap; }
.formula { margin-bottom: 10px; } .formula .name { padding: 12px 16px 0; font-weight: 600; }
.formula .notes { padding: 0 16px 12px; font-size: 13px; columns: 2 360px; column-gap: 32px; }
.sample { padding: 12px 16px; margin-bottom: 10px; white-space: pre-wrap; }
.sample i { color: var(--soft); font-style: normal; display: block; margin-bottom: 4px; }
details { background: var(--panel); border: 1px solid var(--rule); border-radius: 8px; }
details { margin-bottom: 10px; }
details .wide table { border-width: 1px 0 0; font-size: 13px; }
details td:first-child { overflow-wrap: anywhere; min-width: 130px; }
details td:last-child.words { min-width: 260px; }
summary { padding: 10px 16px; cursor: pointer; }
pre.long { max-height: 520px; overflow: auto; border-top: 1px solid var(--rule); }
@media (max-width: 560px) { main { padding: 20px 12px 48px; } svg { font-size: 15px; }
  th, td { padding: 6px 8px; } }
@media print { main { max-width: none; } pre.long { max-height: none; } figure, tr { break-inside: avoid; } }
)css";

std::string_view reportStyle() {
  return style;
}

} // namespace roux::report
