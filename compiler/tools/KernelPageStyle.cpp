//===- KernelPageStyle.cpp - how the page of kernels looks -----------------===//
//
// Each line of the recipe has a hue, in every column. A kernel that a link leads into
// opens, as browsers open what holds the target of a link.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/KernelPageStyle.h"

namespace roux {

static constexpr std::string_view style = R"css(
main { max-width: none; padding: 20px 20px 48px; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 2px; }
.two { display: grid; grid-template-columns: minmax(300px, 3fr) 8fr; gap: 20px; align-items: start;
  margin-top: 20px; }
.two > * { min-width: 0; }
aside { position: sticky; top: 12px; max-height: calc(100vh - 24px); overflow: auto;
  background: var(--panel); border: 1px solid var(--rule); border-radius: 8px; padding: 8px 0; }
aside h2 { margin: 4px 12px 8px; font-size: 14px; overflow-wrap: anywhere; }
code { font-size: 12px; line-height: 1.5; white-space: pre; tab-size: 2; }
.line { display: grid; grid-template-columns: 46px minmax(0, 1fr); }
.line > code { white-space: pre-wrap; overflow-wrap: anywhere; padding-right: 8px; }
.no { color: var(--soft); font: 11px/18px ui-monospace, "DejaVu Sans Mono", monospace; text-align: right;
  padding-right: 10px; text-decoration: none; }
a.no:hover { text-decoration: underline; }
.of { background: hsl(var(--h) 65% 50% / 0.1); border-left: 3px solid hsl(var(--h) 55% 50%); }
.line.of { grid-template-columns: 43px minmax(0, 1fr); }
:target { outline: 2px solid var(--c0); outline-offset: -2px; }
aside details { margin: 0 8px 4px 46px; border: 0; background: none; font-size: 13px; }
aside summary { padding: 2px 0; color: var(--soft); }
aside ul { margin: 0 0 6px; padding: 0; list-style: none; }
aside li { display: flex; gap: 8px; justify-content: space-between; }
aside li a { overflow-wrap: anywhere; }
aside li span, .kernel summary span { color: var(--soft); white-space: nowrap; }
.kernel { scroll-margin-top: 8px; }
.kernel summary { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 14px; }
.kernel summary b { font-weight: 600; overflow-wrap: anywhere; }
.kernel > .note { padding: 0 16px 6px; font-size: 13px; }
.kernel table { font-size: 13px; border-width: 1px 0; }
.kernel th, .kernel td { padding: 3px 12px; }
.kernel td.words { width: 70%; } .kernel td.words code { white-space: pre-wrap; overflow-wrap: anywhere; }
.forms { display: grid; grid-template-columns: repeat(var(--forms), minmax(0, 1fr)); }
.forms section + section { border-left: 1px solid var(--rule); }
.forms h3 { margin: 0; padding: 6px 12px; font-size: 12px; color: var(--soft); font-weight: 500; }
.code { max-height: 76vh; overflow: auto; border-top: 1px solid var(--rule); }
.piece { scroll-margin-block: 25vh; display: grid; grid-template-columns: 40px max-content; min-width: max-content; border-left: 3px solid transparent; }
.piece.of { border-left-color: hsl(var(--h) 55% 50%); }
@media (max-width: 900px) { main { padding: 14px 10px 40px; } .two { grid-template-columns: minmax(0, 1fr); }
  aside { position: static; max-height: none; } .forms { grid-template-columns: minmax(0, 1fr); }
  .forms section + section { border-left: 0; border-top: 1px solid var(--rule); } .code { max-height: 60vh; }
  .kernel th, .kernel td { padding: 3px 6px; } .kernel > .note { padding: 0 12px 6px; } }
@media print { aside { position: static; max-height: none; } .code { max-height: none; } }
)css";

std::string_view kernelPageStyle() {
  return style;
}

} // namespace roux
