"""The page's looks: one column, large figures, colours that tell outcomes apart for colour-blind eyes too."""

STYLE = """
:root{--ink:#1c2430;--soft:#5b6675;--line:#d9dee5;--paper:#fff;--wash:#f5f7f9;--pass:#1a7f5a;--fail:#c2362b;
--doubt:#b7791f;--none:#9aa4b1;--waived:#6b4fbb;--blue:#2458a6}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b5;--line:#333d4a;--paper:#141a21;
--wash:#1b232d;--pass:#4cc38a;--fail:#f2695c;--doubt:#e0a64a;--none:#6a7582;--waived:#a893f0;--blue:#7fb0f5}}
*{box-sizing:border-box}body{margin:0;background:var(--wash);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:860px;margin:0 auto;padding:32px 20px 64px}h1{font-size:28px;margin:0 0 4px}
h1 span{font-size:15px;font-weight:600;padding:4px 10px;border-radius:6px;color:#fff;vertical-align:middle;
margin-left:8px}.open{background:var(--pass)}h1 .shut{background:var(--fail)}
h2{font-size:19px;margin:0 0 12px}h3{font-size:15px;margin:0 0 4px;display:flex;align-items:baseline;gap:8px}
h3 small{margin-left:auto;color:var(--soft);font-weight:400;flex:none}
h3{overflow-wrap:anywhere}li{overflow-wrap:anywhere}
.kind,.about,.note,.key,footer,figcaption{color:var(--soft);margin:2px 0;font-size:13px}
section{background:var(--paper);border:1px solid var(--line);border-radius:10px;
padding:20px 22px;margin:18px 0}
article{border-top:1px solid var(--line);padding:14px 0}article:first-of-type{border-top:0}
article p{margin:2px 0 8px;overflow-wrap:anywhere}td,th{overflow-wrap:anywhere}
ul.shut{margin:0;padding-left:20px}ul.shut b{color:var(--fail)}
.dot{display:inline-block;width:12px;height:12px;border-radius:50%;margin-right:6px;flex:none;
background:var(--none);position:relative;top:1px}.dot.pass{background:var(--pass)}
.dot.fail{background:var(--fail);border-radius:2px}.dot.doubt{background:var(--doubt);
clip-path:polygon(50% 0,100% 100%,0 100%);border-radius:0}.dot.waived{background:var(--waived)}
.summary th{text-align:left;font-weight:500;padding:4px 18px 4px 0}
.summary a{color:inherit;text-decoration:none}
.key .dot{margin-left:10px}figure{margin:12px 0;max-width:720px}
figure .mark{display:grid;grid-template-columns:38% 1fr 7em;column-gap:12px;font-size:13px;
line-height:18px;align-items:center}.mark span{overflow-wrap:anywhere;padding:3px 0;text-align:right}
.mark b{font-weight:400;color:var(--soft);white-space:nowrap}.mark.decides span,
.mark.decides b{font-weight:600;color:var(--ink)}.mark svg{width:100%;display:block;overflow:visible}
svg circle,svg rect{fill:var(--blue)}svg circle.was{fill:var(--paper);stroke:var(--blue);stroke-width:1.5}
svg line.reach{stroke:var(--blue);stroke-width:5;opacity:.35}svg line.moved{stroke:var(--blue);
stroke-width:1.5}svg line.limit{stroke:var(--fail);stroke-width:1.5;stroke-dasharray:4 4}
figure.curve{display:grid;grid-template-columns:auto 1fr;column-gap:8px}figure.curve p,
figure.curve figcaption{grid-column:1/-1;margin:2px 0}.curve p,.up,.along{font-size:12px;color:var(--soft)}
.curve svg{width:100%;height:230px;border-left:1px solid var(--line);border-bottom:1px solid var(--line)}
.up{display:flex;flex-direction:column;justify-content:space-between;text-align:right}
.along{grid-column:2;display:flex;justify-content:space-between;gap:8px}.curve i{font-style:normal;
margin-left:10px;border-bottom:3px solid}.curve svg *{vector-effect:non-scaling-stroke}
svg polygon.band{fill:var(--blue);opacity:.15}svg polyline{fill:none;stroke-width:2}
.line0,.curve i.line0{stroke:var(--blue);border-color:var(--blue)}
.line1,.curve i.line1{stroke:var(--doubt);border-color:var(--doubt)}
.line2,.curve i.line2{stroke:var(--pass);border-color:var(--pass)}
.line3,.curve i.line3{stroke:var(--waived);border-color:var(--waived)}
details{margin:8px 0}summary{cursor:pointer;color:var(--blue)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px}td,th{padding:4px 10px 4px 0;
text-align:left;vertical-align:top}.made th{color:var(--soft);font-weight:500;min-width:9em}
@media(max-width:600px){main{padding:16px 10px 40px}section{padding:14px 12px}.summary th{padding-right:8px}
figure .mark{grid-template-columns:1fr 7em}.mark span{grid-column:1/-1;text-align:left;padding:4px 0 0}
h3{display:grid;grid-template-columns:auto 1fr}h3 small{margin:0;grid-column:2}}
@media print{body{background:#fff}section{break-inside:avoid}}
"""
