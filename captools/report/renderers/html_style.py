"""The look of the HTML report: light, dark and print. Text contrast is at least 4.5 to 1 in both (WCAG 2.1, 1.4.3)."""

STYLE = """
:root{color-scheme:light dark;--page:#f5f6f8;--card:#fff;--ink:#1b2430;--soft:#55606e;--line:#d5dae1;--band:#eef1f5;
--link:#0b5cad;--bad:#b3261e;--badbg:#fdecea;--doubt:#8a5200;--doubtbg:#fff4df;--good:#1b6e3c;--goodbg:#e7f5ec;
--vxlan:#6741b8;--wire:#a01a6b;--ip:#0b6e78;--udp:#5b6470;--inner:#0b5cad;
--mono:ui-monospace,SFMono-Regular,"DejaVu Sans Mono",Menlo,Consolas,monospace}
@media (prefers-color-scheme:dark){:root{--page:#12161c;--card:#1a2028;--ink:#e4e9ef;--soft:#a3aebb;--line:#343d49;
--band:#222a34;--link:#7db7f5;--bad:#ff9c94;--badbg:#3b1d1c;--doubt:#f2be6b;--doubtbg:#362a14;--good:#86d6a2;
--goodbg:#16301f;--vxlan:#bfa5ff;--wire:#f093cb;--ip:#6fd0da;--udp:#b0bac6;--inner:#7db7f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans",
"DejaVu Sans",sans-serif}
header,main,footer{max-width:1240px;margin:0 auto;padding:0 20px}
header{padding-top:28px}h1{font-size:1.5rem;margin:0;overflow-wrap:anywhere}header p{margin:.2rem 0 0;color:var(--soft)}
h2{font-size:1.15rem;margin:0 0 .8rem}h3{font-size:1rem;margin:1.4rem 0 .4rem;overflow-wrap:anywhere}
nav{margin:14px 0 0}nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;margin:0;padding:0;list-style:none}
a{color:var(--link)}a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);
outline-offset:2px}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:20px;margin:18px 0}
p{margin:.4rem 0;overflow-wrap:anywhere;max-width:85ch}
.tone{max-width:none;
border-left:4px solid var(--line);padding:.5rem .9rem;border-radius:0 6px 6px 0;background:var(--band)}
.bad{border-color:var(--bad);background:var(--badbg)}.doubt{border-color:var(--doubt);background:var(--doubtbg)}
.good{border-color:var(--good);background:var(--goodbg)}
dl.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:10px 22px;margin:14px 0 0}
dl.facts div{border-top:1px solid var(--line);padding-top:6px;min-width:0}
dt{color:var(--soft);font-size:.82rem}dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:.4rem 0 0}
table{border-collapse:collapse;width:100%;font-size:.84rem}
caption{text-align:left;font-weight:600;font-size:1rem;padding:.9rem 0 .4rem;position:sticky;left:0}
th,td{text-align:left;vertical-align:top;padding:6px 10px 6px 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600;font-size:.78rem;vertical-align:bottom}
td{min-width:3.5rem;max-width:30rem;overflow-wrap:break-word}td.n,th.n{text-align:right}td.n{white-space:nowrap}
td.c,code{font-family:var(--mono);font-size:.92em}td.c{white-space:nowrap;max-width:none}
code{overflow-wrap:anywhere}
article{border:1px solid var(--line);border-left:5px solid var(--link);border-radius:8px;padding:12px 16px;
margin:12px 0;break-inside:avoid}
article.error{border-left-color:var(--bad)}article.warning{border-left-color:var(--doubt)}
article h3{margin:0;display:flex;flex-wrap:wrap;gap:8px;align-items:center}
.badge{font-size:.72rem;font-weight:700;letter-spacing:.03em;text-transform:uppercase;padding:1px 8px;border-radius:9px;
background:var(--band);color:var(--link)}
.error .badge{background:var(--badbg);color:var(--bad)}.warning .badge{background:var(--doubtbg);color:var(--doubt)}
.sure{font-size:.8rem;color:var(--soft);font-weight:400}.remedy{font-weight:600}
.faintp{color:var(--soft);font-size:.86rem}
.outcome{font-weight:600}.outcome.lost,.outcome.refused{color:var(--bad)}.outcome.delivered{color:var(--good)}
.outcome.unknown{color:var(--doubt)}
svg.ladder{display:block;width:100%;height:auto;font-family:var(--mono);font-size:11px}
svg text{fill:var(--ink)}.node{fill:var(--band);stroke:var(--line)}.node.odd{fill:none}
.nodename{font-size:13px;font-weight:700}.iface,.time,.delay,.faint{fill:var(--soft)!important}
.lane{stroke:var(--soft);stroke-opacity:.45;stroke-dasharray:2 4}.rule{stroke:var(--line)}
.way{font-weight:700;font-size:12px}.change,.delay,.lost,.way,.note{paint-order:stroke;stroke:var(--card);stroke-width:4px;
stroke-linejoin:round}
.change{font-weight:700}.change.encapsulated,.change.decapsulated{fill:var(--vxlan)}
.change.encrypted,.change.decrypted{fill:var(--wire)}.change.translated,.change.proxied{fill:var(--doubt)}
.change.routed{fill:var(--ip)}.lost{fill:var(--bad)!important;font-weight:700}
.arrow{stroke:var(--ink);stroke-width:1.6;fill:none}.tip{fill:var(--ink)}
.arrow.gone{stroke:var(--bad);stroke-dasharray:5 4}.cross{stroke:var(--bad);stroke-width:3;fill:none}
.tube{fill:none;stroke-width:11;stroke-opacity:.25;stroke:var(--vxlan)}.tube.wireguard{stroke:var(--wire)}
.dot{fill:var(--ink);stroke:var(--card);stroke-width:1.5}.dot.vxlan,.dot.geneve,.dot.ipip,.dot.gre{fill:var(--vxlan)}
.dot.wireguard{fill:var(--wire)}
.box{border:2px solid var(--line);border-radius:7px;padding:3px 8px 7px;margin-top:4px;background:var(--card)}
.box .row{display:flex;gap:10px;align-items:baseline;flex-wrap:wrap;font-size:.86rem}
.box .size{margin-left:auto;font-family:var(--mono);font-size:.8rem;white-space:nowrap}
.box .what{color:var(--soft);font-family:var(--mono);font-size:.8rem;overflow-wrap:anywhere}
.box.k-link{border-color:var(--udp)}.box.k-ip{border-color:var(--ip)}.box.k-udp{border-color:var(--udp)}
.box.k-tunnel{border-color:var(--vxlan)}.box.k-inner{border-color:var(--inner)}
.box.k-secret{border-color:var(--wire);border-style:dashed}.box.k-payload{border-style:dotted}
.stack{max-width:760px}.bar{display:flex;height:22px;border:1px solid var(--line);border-radius:5px;overflow:hidden;
margin:8px 0 2px}
.bar i{display:block;min-width:3px;border-right:1px solid var(--card)}.bar .k-link{background:var(--udp);opacity:.5}
.bar .k-ip{background:var(--ip)}.bar .k-udp{background:var(--udp)}.bar .k-tunnel{background:var(--vxlan)}
.bar .k-inner{background:var(--inner)}.bar .k-payload{background:var(--inner);opacity:.35}
.bar .k-secret{background:var(--wire);opacity:.6}
summary{cursor:pointer;color:var(--link);font-size:.88rem}footer{color:var(--soft);font-size:.82rem;padding-bottom:30px}
@media (max-width:600px){header,main,footer{padding-left:10px;padding-right:10px}section{padding:14px 12px}}
@media print{:root{--page:#fff;--band:#f2f2f2}body{font-size:10.5px;background:#fff}nav,summary{display:none}
section{border:0;padding:0;margin:14px 0}.scroll{overflow:visible}svg.ladder{min-width:0!important}
table{font-size:.74rem}td.c{white-space:normal;overflow-wrap:anywhere}h2,h3,caption{break-after:avoid}
tr,.stack,svg{break-inside:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
@media print and (prefers-color-scheme:dark){:root{--card:#fff;--ink:#1b2430;--soft:#55606e;--line:#d5dae1;
--link:#0b5cad;--bad:#b3261e;--badbg:#fdecea;--doubt:#8a5200;--doubtbg:#fff4df;--good:#1b6e3c;--goodbg:#e7f5ec;
--vxlan:#6741b8;--wire:#a01a6b;--ip:#0b6e78;--udp:#5b6470;--inner:#0b5cad}}
"""
