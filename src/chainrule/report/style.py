"""The style of report pages: calm, readable in light and dark, wide, narrow and printed."""

from __future__ import annotations

STYLE = """
.report { --ink: #1d2733; --soft: #5b6876; --line: #d9dfe6; --paper: #fff; --tint: #f4f7fa;
  --accent: #0b5cad; --good: #006b4f; --bad: #b2182b; --warn: #8a4b00; --warntint: #fff5e6;
  --c1: #0072b2; --c2: #d55e00; --c3: #009e73; --c4: #b0578d; --c5: #a67c00; --c6: #5b6876;
  color: var(--ink); background: var(--paper); font: 1rem/1.55 system-ui, sans-serif;
  max-width: 66rem; margin: 0 auto; padding: 1.2rem 1.4rem 4rem; }
@media (prefers-color-scheme: dark) { .report { --ink: #e4e9ef; --soft: #a3b0bd; --line: #37424e;
  --paper: #14191f; --tint: #1c242c; --accent: #7cb8f5; --good: #4fd1a5; --bad: #ff8a8a; --warn: #f0b870;
  --warntint: #2c2214; --c1: #56b4e9; --c2: #f0883e; --c3: #2fc79b; --c4: #dd8fbd; --c5: #e3b93c;
  --c6: #a3b0bd; }
  .report .layers .curve, .report .layers circle, .report .layers .end { filter: brightness(1.35); } }
.report h1 { font-size: 1.75rem; line-height: 1.2; margin: .3em 0 .1em; overflow-wrap: anywhere; }
.report h2 { font-size: 1.25rem; margin: 2.4em 0 .5em; padding-top: .7em; border-top: 1px solid var(--line); }
.report p { margin: .6em 0; max-width: 48rem; }
.report a { color: var(--accent); }
.report .soft, .report figcaption, .report .lead { color: var(--soft); }
.report .good { color: var(--good); }
.report .bad { color: var(--bad); }
.report nav { margin: 1rem 0 0; font-size: .92rem; }
.report nav a { margin-right: 1.1em; white-space: nowrap; text-decoration: none; }
.report nav a:hover { text-decoration: underline; }
.report .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .8rem;
  margin: 1.4rem 0 0; }
.report .tile { min-width: 0; overflow-wrap: anywhere; background: var(--tint); border-radius: .5rem;
  padding: .75rem 1rem .7rem; }
.report .tile b { display: block; font-size: 1.6rem; line-height: 1.25; font-weight: 650;
  font-variant-numeric: tabular-nums; }
.report .tile span { color: var(--soft); font-size: .88rem; display: block; }
.report .tile span + b + span { font-size: .8rem; }
.report .note { padding: .6em .9em; border-left: 4px solid var(--accent); background: var(--tint);
  border-radius: 0 .3rem .3rem 0; }
.report .warning { padding: .6em .9em; border-left: 4px solid var(--warn); background: var(--warntint);
  border-radius: 0 .3rem .3rem 0; }
.report .pair > * { min-width: 0; }
.report .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(23rem, 100%), 1fr));
  gap: 1rem 1.6rem; align-items: start; }
.report figure { margin: .6rem 0; min-width: 0; }
.report figcaption { font-size: .88rem; line-height: 1.45; max-width: 44rem; }
.report .equations { white-space: nowrap; }
.report .chart { display: block; width: 100%; height: auto; max-width: 40rem;
  font: 12px system-ui, sans-serif; }
.report .chart text { fill: var(--soft); font-variant-numeric: tabular-nums; }
.report .chart .name { fill: var(--ink); }
.report .chart .grid { stroke: var(--line); stroke-width: .8; }
.report .chart .axis { stroke: var(--soft); stroke-width: 1; }
.report .chart .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
.report .chart .mark { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 2 4; }
.report .chart .whisker { stroke: var(--c1); stroke-width: 1.4; opacity: .65; }
.report .chart .count { fill: var(--soft); opacity: .28; }
.report .chart .hover { fill: transparent; }
.report .chart .hover:hover { fill: var(--ink); opacity: .25; }
.report .legend { margin: .2rem 0; font-size: .88rem; color: var(--soft); }
.report .legend span { margin-right: 1.2em; overflow-wrap: anywhere; }
.report .legend svg { vertical-align: middle; }
.report .scroll { overflow-x: auto; margin: .6rem 0; }
.report table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93rem; }
.report th, .report td { text-align: right; padding: .3em .9em .3em 0; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
.report th:first-child, .report td:first-child, .report .words { text-align: left; }
.report th { color: var(--soft); font-weight: 600; font-size: .86rem; }
.report .bar { min-width: 4.6rem; background: linear-gradient(var(--c1), var(--c1)) no-repeat
  left .45em bottom .18em / calc(var(--v) * (100% - .9em)) 3px; }
.report .matrix { font-size: .88rem; }
.report .matrix th, .report .matrix td { text-align: center; padding: 0 .35em; min-width: 2.3em;
  height: 2.1em; border: 0; }
.report .matrix th:first-child { text-align: right; padding-right: .6em; }
.report .matrix td { border: 1px solid var(--paper); background: var(--tint); border-radius: .2rem; }
.report .matrix .hit { background: color-mix(in srgb, var(--c1) calc(12% + var(--v) * 50%), var(--paper)); }
.report .matrix .miss { background: color-mix(in srgb, var(--c2) calc(14% + var(--v) * 70%), var(--paper)); }
.report .matrix .long { text-align: left; }
.report .settings { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
  gap: .1rem 1.6rem; margin: .8rem 0; }
.report .settings div { display: flex; justify-content: space-between; gap: 1em; padding: .22em 0;
  border-bottom: 1px solid var(--line); }
.report dt { color: var(--soft); }
.report dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.report dd.changed { font-weight: 650; }
.report pre { background: var(--tint); border-radius: .4rem; padding: .7em .9em; overflow-x: auto;
  font-size: .86rem; margin: .8rem 0; }
.report code { font-size: .92em; }
.report sup { line-height: 0; }
.report .option { white-space: nowrap; }
.report .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.2rem, 1fr)); gap: .9rem; }
.report .cards figure { margin: 0; text-align: center; }
.report .cards img { width: 100%; max-width: 8rem; image-rendering: pixelated; background: #fff; padding: 4px;
  border: 1px solid var(--line); border-radius: .35rem; box-sizing: border-box; }
.report .cards figcaption { font-size: .84rem; line-height: 1.3; margin-top: .25rem; }
.report .cards figcaption span { display: inline-block; }
.report .cards b { color: var(--ink); font-weight: 600; }
.report .equation { margin: .9rem 0; padding: .5rem 1rem .4rem; border-left: 3px solid var(--c1);
  background: var(--tint); border-radius: 0 .3rem .3rem 0; scroll-margin-top: 1rem; }
.report .equation:target { outline: 2px solid var(--c2); outline-offset: 3px; }
.report .equation .line { display: flex; align-items: center; gap: 1rem; }
.report .equation .formula { flex: 1; min-width: 0; overflow-x: auto; overflow-y: hidden; padding: .2em 0; }
.report .equation p { margin: .15rem 0; font-size: .88rem; max-width: none; overflow-wrap: anywhere; }
.report math { font-size: 1.1em; font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", math; }
.report details { margin: .6rem 0; }
.report summary { cursor: pointer; color: var(--accent); }
.report [id] { scroll-margin-top: .8rem; }
@media (max-width: 40rem) { .report { padding: .8rem .9rem 3rem; }
  .report .tiles { grid-template-columns: 1fr 1fr; gap: .5rem; }
  .report .tile { padding: .55rem .7rem; }
  .report .tile b { font-size: 1.3rem; } }
@media print { .report { --ink: #000; --paper: #fff; --soft: #444; --tint: #fff; --line: #bbb; --accent: #000;
    max-width: none; font-size: 10pt; padding: 0; }
  .report nav { display: none; }
  .report figure, .report .equation, .report tr, .report .tile { break-inside: avoid; }
  .report h2 { break-after: avoid; } }
"""
