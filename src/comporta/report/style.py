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
.key .dot{margin-left:10px}figure{margin:10px 0}svg{width:100%;height:auto;font:12px system-ui,sans-serif}
svg text{fill:var(--ink)}svg .tick{fill:var(--soft);font-size:11px}svg circle,svg rect{fill:var(--blue)}
svg line.reach{stroke:var(--blue);stroke-width:3;opacity:.45}svg line.limit{stroke:var(--fail);
stroke-dasharray:4 3}svg polygon.band{fill:var(--blue);opacity:.15}svg polyline{fill:none;stroke-width:2}
svg .line0{stroke:var(--blue)}svg .line1{stroke:var(--doubt)}svg .line2{stroke:var(--pass)}
svg .line3{stroke:var(--waived)}details{margin:8px 0}summary{cursor:pointer;color:var(--blue)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px}td,th{padding:4px 10px 4px 0;
text-align:left;vertical-align:top}.made th{color:var(--soft);font-weight:500;min-width:9em}
@media print{body{background:#fff}section{break-inside:avoid}}
"""
