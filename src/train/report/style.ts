import { trusted } from './markup.ts';

// colours of the members: Okabe and Ito's palette (2008), told apart by the colour-blind; darkened or lightened per theme
const light = `
  --page: #f6f7f9; --card: #ffffff; --ink: #15181d; --soft: #5a6372; --faint: #e4e7ec; --grid: #e9ecf0;
  --accent: #0b62c4; --band: #0b62c41f; --warm: #b25000; --good: #0b7a4b; --bad: #b3261e; --heat: 11 98 196;
  --m0: #0b62c4; --m1: #c2570c; --m2: #0a7d5a; --m3: #a03a84; --m4: #8a6d00; --m5: #2b8fb8; --m6: #7048c6; --m7: #6b7280;`;
const dark = `
  --page: #0e1116; --card: #171b22; --ink: #e8ebf0; --soft: #9ea8b8; --faint: #2a303b; --grid: #252b35;
  --accent: #6cb0ff; --band: #6cb0ff2b; --warm: #ffab66; --good: #5fd3a0; --bad: #ff8a80; --heat: 88 164 255;
  --m0: #6cb0ff; --m1: #ff9d5c; --m2: #4fd1a1; --m3: #ee8fd0; --m4: #e3c34a; --m5: #7fd4f5; --m6: #b79bff; --m7: #a5adba;`;

/** All of the report's style; light or dark as the reader's system is. */
export const style = trusted(`
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
@media print { :root { ${light} --page: #fff; } section { break-inside: avoid; } details > * { display: block; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 64px; }
h1, h2, h3, p, figure, dl, dd, ol, ul { margin: 0; padding: 0; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { font-size: 18px; line-height: 1.3; letter-spacing: -.005em; }
h3 { font-size: 14px; font-weight: 600; }
code, pre { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
a { color: var(--accent); }
.soft { color: var(--soft); }
.together { white-space: nowrap; }
.small { font-size: 13px; }
.eyebrow { font-size: 13px; font-weight: 600; color: var(--accent); margin-bottom: 6px; }
.lead { font-size: 16px; color: var(--soft); margin-top: 10px; max-width: 80ch; }
section { background: var(--card); border: 1px solid var(--faint); border-radius: 14px; padding: 24px; margin-top: 20px; min-width: 0; }
section > p { color: var(--soft); margin-top: 4px; max-width: 88ch; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 20px; margin-top: 20px; }
.pair > section { margin-top: 0; }
.hero { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); gap: 32px; align-items: center; }
.figure-big { font-size: 68px; line-height: 1; font-weight: 700; letter-spacing: -.035em; font-variant-numeric: tabular-nums; }
.figure-big small { font-size: 32px; font-weight: 600; letter-spacing: 0; color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1px; background: var(--faint); border: 1px solid var(--faint);
  border-radius: 14px; overflow: hidden; margin-top: 20px; }
.tiles > div { background: var(--card); padding: 16px 20px; }
.tiles dt { color: var(--soft); font-size: 13px; }
.tiles dd { font-size: 24px; font-weight: 650; letter-spacing: -.015em; font-variant-numeric: tabular-nums; }
.tiles dd small { display: block; font-size: 13px; font-weight: 400; letter-spacing: 0; color: var(--soft); }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); margin-top: 14px; }
.facts dt, .facts dd { padding: 7px 0; border-top: 1px solid var(--faint); }
.facts dt { color: var(--soft); padding-right: 24px; }
.facts dd { overflow-wrap: anywhere; }
.facts.two { grid-template-columns: max-content minmax(0, 1fr) max-content minmax(0, 1fr); }
.facts.two dd { padding-right: 24px; }
svg { display: block; width: 100%; height: auto; overflow: visible; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
svg text { fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .strong { fill: var(--ink); font-weight: 600; }
svg .grid { stroke: var(--grid); }
svg .axis { stroke: var(--soft); stroke-opacity: .5; }
.chart { margin-top: 18px; }
.narrow { display: none; }
.why { margin: 8px 0 24px; padding-left: 18px; max-width: 80ch; }
.why li { margin: 4px 0; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 18px; margin-top: 12px; font-size: 13px; color: var(--soft); list-style: none; }
.legend li { display: flex; align-items: center; gap: 7px; min-width: 0; overflow-wrap: anywhere; }
.legend i { flex: none; width: 10px; height: 10px; border-radius: 50%; background: var(--key, var(--soft)); }
.legend i.line { height: 3px; width: 16px; border-radius: 2px; }
.legend i.band { height: 12px; width: 16px; border-radius: 3px; background: var(--band); }
.legend i.dashed { height: 0; width: 16px; border-radius: 0; background: none; border-top: 2px dashed var(--warm); }
.scroll { overflow-x: auto; margin-top: 16px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
table.rows { width: 100%; }
.rows th { text-align: left; font-weight: 500; color: var(--soft); font-size: 13px; white-space: nowrap; }
.rows th, .rows td { padding: 8px 14px 8px 0; border-bottom: 1px solid var(--faint); vertical-align: top; }
.rows td.n, .rows th.n { text-align: right; white-space: nowrap; }
.rows tr:last-child td { border-bottom: 0; }
.rows tr.chosen td { font-weight: 650; }
.rows td.name { overflow-wrap: anywhere; min-width: 13ch; }
.heat th { font-weight: 400; color: var(--soft); font-size: 12px; }
.heat th[scope=row] { text-align: right; padding-right: 10px; max-width: var(--names); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.heat th[scope=col] { vertical-align: bottom; padding: 0 0 8px; }
.heat th[scope=col] div { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 110px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; margin: 0 auto; }
.heat td { width: var(--cell); min-width: var(--cell); height: var(--cell); text-align: center; font-size: 12px; border: 1px solid var(--card); border-radius: 4px;
  background: rgb(var(--heat) / calc(.05 + .9 * var(--v))); }
.heat td.zero { background: var(--page); }
.heat td.deep { color: var(--card); font-weight: 600; }
.heat td.self { outline: 1px solid rgb(var(--heat) / .55); outline-offset: -2px; }
.compact { background: var(--page); border-radius: 8px; overflow: hidden; align-self: start; }
.bars { margin-top: 16px; font-variant-numeric: tabular-nums; }
.bars.columns { columns: 2; column-gap: 48px; }
.bars > div { display: grid; grid-template-columns: minmax(0, 9fr) minmax(0, 13fr) 92px; gap: 14px; align-items: center; padding: 3px 0; break-inside: avoid; }
.bars .label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars .track { height: 10px; border-radius: 5px; background: var(--faint); overflow: hidden; }
.bars .track i { display: block; height: 100%; border-radius: 5px; background: var(--accent); min-width: 2px; }
.bars .value { text-align: right; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 18px; margin-top: 18px; list-style: none; }
.mistakes img { display: block; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; border-radius: 10px; background: var(--page); border: 1px solid var(--faint); }
.mistakes p { font-size: 13px; line-height: 1.4; margin-top: 8px; overflow-wrap: anywhere; }
.mistakes .true { color: var(--good); font-weight: 600; }
.mistakes .said { color: var(--bad); font-weight: 600; }
.phases { display: flex; height: 12px; border-radius: 6px; overflow: hidden; background: var(--faint); margin-top: 16px; gap: 1px; }
.phases i { display: block; min-width: 2px; background: var(--key); }
details { margin-top: 16px; }
summary { cursor: pointer; color: var(--accent); font-size: 13px; width: max-content; max-width: 100%; border-radius: 4px; }
summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
pre { background: var(--page); border: 1px solid var(--faint); border-radius: 10px; padding: 14px 16px; overflow-x: auto; margin: 10px 0 0; }
footer { margin-top: 28px; color: var(--soft); font-size: 13px; }
@media (max-width: 760px) {
  main { padding: 24px 14px 48px; }
  h1 { font-size: 25px; }
  section { padding: 18px 16px; }
  .hero, .pair { grid-template-columns: minmax(0, 1fr); }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .tiles > div { padding: 13px 16px; }
  .figure-big { font-size: 56px; }
  .wide { display: none; }
  .narrow { display: block; }
  .facts.two { grid-template-columns: max-content minmax(0, 1fr); }
  .facts dt { padding-right: 14px; }
  .facts.two dd { padding-right: 0; }
  .bars.columns { columns: 1; }
  .bars > div { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) 84px; }
  .mistakes { grid-template-columns: repeat(auto-fill, minmax(100px, 1fr)); gap: 14px; }
}
`);
