// The look of a report, and the script that sorts its table.
#pragma once

#include <string_view>

namespace saltus {

/// Of the page and of the classes in its pictures. The colours of lines, c0 to c7, are added to it.
inline constexpr std::string_view kStyle = R"css(
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .4em; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2em 0 .5em; }
p, li, dd { max-width: 46em; overflow-wrap: anywhere; }
p { margin: .5em 0; }
.faint, figcaption + p { color: var(--faint); font-size: .9rem; }
.warning { border-left: 4px solid var(--alarm); padding: .1em 1em; margin: 1em 0; }
.box { overflow-x: auto; border: 1px solid var(--rule); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: .82rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: 5px 7px; text-align: left; white-space: nowrap;
  border-bottom: 1px solid var(--rule); }
th { background: var(--stripe); vertical-align: bottom; white-space: normal; }
th.number, td.number { text-align: right; }
td.setting { white-space: normal; min-width: 12em; overflow-wrap: anywhere; }
tbody tr:last-child td { border-bottom: 0; }
tbody tr:hover { background: var(--stripe); }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
th button::after { content: "\00a0\2195"; color: var(--faint); }
th[aria-sort="ascending"] button::after { content: "\00a0\2191"; color: inherit; }
th[aria-sort="descending"] button::after { content: "\00a0\2193"; color: inherit; }
.charts { display: grid; gap: 20px 28px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); }
figure { margin: 0; min-width: 0; max-width: 680px; }
figcaption { font-weight: 600; margin-bottom: 4px; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--ink); }
svg .note { fill: var(--faint); paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
svg .stripe ~ g .note { stroke: none; }
svg .strong { font-weight: 600; }
svg line, svg polyline { fill: none; stroke: var(--ink); }
svg .grid { stroke: var(--rule); }
svg .axis { stroke: var(--faint); }
svg .zero { stroke: var(--faint); stroke-width: 1.2; }
svg .chance { stroke: var(--faint); stroke-dasharray: 6 3; }
svg .line { stroke: var(--c); stroke-width: 1.8; stroke-linejoin: round; }
svg .thin { stroke: var(--c); }
svg .leader { stroke: var(--c); stroke-width: .7; }
svg .band { fill: var(--c); opacity: .13; }
svg .faint { opacity: .06; }
svg .m { fill: var(--c); stroke: var(--c); stroke-width: 1.2; }
svg .hollow { fill: var(--paper); }
svg .ink { --c: var(--ink); }
svg .seed { --c: var(--link); fill: none; }
svg .whisker { stroke-width: 1.4; }
svg .clique { stroke-width: 3; }
svg .stem { stroke: var(--faint); }
svg .stripe { fill: var(--stripe); }
svg .on { fill: var(--paper); }
dl { display: grid; grid-template-columns: minmax(7em, max-content) 1fr; gap: 4px 18px; font-size: .92rem; }
dt { color: var(--faint); }
dd { margin: 0; min-width: 0; }
pre { background: var(--stripe); padding: 10px 14px; border-radius: 6px; font-size: .85rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 600px) {
  main { padding: 16px 14px 32px; }
  dl { display: block; }
  dd { margin-bottom: .5em; }
}
@media print {
  main { max-width: none; padding: 0; }
  body { font-size: 10pt; }
  table { font-size: 7.5pt; }
  th, td { padding: 2px 5px; white-space: normal; }
  th button::after { content: "" !important; }
  .box { overflow: visible; border: 0; }
  figure, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  .charts { grid-template-columns: 1fr 1fr; }
}
)css";

/// Sorts by the column whose heading is pressed, again the other way round. What is no number comes
/// last.
inline constexpr std::string_view kScript = R"js(
document.querySelectorAll("table.sortable").forEach(table => {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const key = (row, column) => {
    const cell = row.cells[column];
    return "order" in cell.dataset ? Number(cell.dataset.order || NaN) : cell.textContent;
  };
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach(other => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const compare = (a, b) => {
      if (typeof a === "string") return up ? a.localeCompare(b) : b.localeCompare(a);
      if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
      return up ? a - b : b - a;
    };
    [...body.rows].sort((a, b) => compare(key(a, column), key(b, column)))
      .forEach(row => body.append(row));
  }));
});
)js";

}  // namespace saltus
