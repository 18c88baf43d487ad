"""The page as a Jinja2 template. Everything printed into it is made printable and escaped by the renderer."""

PAGE = """\
{%- macro table(block) -%}
<div class="scroll" tabindex="0" role="region" aria-label="{{ block.caption }}">
<table><caption>{{ block.caption }}
{%- if block.more > 0 %} ({{ "{:,}".format(block.more) }} more rows left out){% endif %}</caption><thead><tr>
{%- for name in block.columns %}<th scope="col"{% if name in block.numbers %} class="n"{% endif %}>{{ name }}</th>
{%- endfor %}</tr></thead><tbody>
{%- for row in block.rows %}
<tr>{% for cell in row %}{% set name = block.columns[loop.index0] -%}
<td{% if name in block.numbers %} class="n"{% elif name in block.code %} class="c"{% endif %}
{%- if cell|length > 90 %} title="{{ cell|shown(2000) }}"{% endif %}>{{ cell|shown(90) }}</td>{% endfor %}</tr>
{%- endfor %}
</tbody></table></div>
{%- endmacro -%}

{%- macro proofs(evidence, rule) -%}
<div class="scroll" tabindex="0" role="region" aria-label="Evidence of {{ rule }}"><table>
<thead><tr><th scope="col">point</th><th scope="col">file and sha256</th><th scope="col">frames</th>
<th scope="col">shows</th>
<th scope="col">Wireshark filter</th><th scope="col">decode as</th></tr></thead><tbody>
{%- for proof in evidence %}
<tr><td class="c">{{ proof.point|shown(60) }}</td>
<td><code title="{{ proof.file|shown(400) }}">{{ proof.file|basename|shown(60) }}</code><br>
<span class="faintp" title="{{ proof.sha256 }}">{{ proof.sha256[:16] or "-" }}</span></td>
<td>{{ proof.frames|frames }}</td>
<td>{{ proof.shows|shown(200) or "-" }}</td><td>{% if proof.filter %}<code>{{ proof.filter|shown(600) }}</code>
{%- else %}-{% endif %}</td>
<td>{% if proof.decode_as %}<code>{{ proof.decode_as|shown(80) }}</code>{% else %}-{% endif %}</td></tr>
{%- endfor %}
</tbody></table></div>
{%- endmacro -%}

{%- macro finding(one) -%}
<article class="{{ one.severity.value }}">
<h3><span class="badge">{{ one.severity.value }}</span>{{ one.rule }}
<span class="sure">{{ one.confidence.value }}</span></h3>
<p>{{ one.statement|shown(1200) }}</p>
{%- if one.remedy %}<p class="remedy">What to do: {{ one.remedy|shown(1200) }}</p>{% endif %}
{%- if one.evidence %}{{ proofs(one.evidence[:4], one.rule) }}
{%- if one.evidence|length > 4 %}<details><summary>{{ one.evidence|length - 4 }} more proofs</summary>
{{- proofs(one.evidence[4:], one.rule) }}</details>{% endif %}
{%- endif %}
{%- if one.coverage.points or one.coverage.reason %}
<p class="faintp">Rests on: {{ one.coverage.points|join(", ")|shown(600) }}
{%- if one.coverage.reason and one.coverage.points %}; {% endif %}
{{- one.coverage.reason|shown(400) }}</p>
{%- endif %}
</article>
{%- endmacro -%}

{%- macro ladder(one) -%}
<figure style="margin:0"><h3>{{ one.title|shown(160) }}</h3>
<p class="faintp">{{ one.subtitle|shown(300) }}</p>
<p><span class="outcome {{ one.outcome.value }}">{{ one.outcome.value }}</span>
{%- if one.reason %}: {{ one.reason|shown(600) }}{% endif %}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Ladder of {{ one.title|shown(120) }}">{{ svg(one) }}</div>
<details><summary>Every step as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Steps of {{ one.title|shown(120) }}"><table><thead><tr>
<th scope="col">packet</th><th scope="col">point</th><th scope="col">way</th><th scope="col" class="n">delay</th>
<th scope="col">change</th><th scope="col">source → destination</th><th scope="col">tunnel</th>
<th scope="col">identity</th>
<th scope="col" class="n">TTL</th><th scope="col">frames</th></tr></thead><tbody>
{%- for strand in one.strands %}{% for step in strand.steps %}{% set hop = step.hop %}
<tr><td>{{ strand.title }}</td><td class="c">{{ hop.point|shown(60) }}</td><td>{{ hop.direction or "-" }}</td>
<td class="n">{{ hop.delay_ns|time }}{% if hop.delay_error_ns %} ± {{ hop.delay_error_ns|time }}{% endif %}</td>
<td>{{ hop.change.value }}</td><td class="c">{{ hop|ends }}</td>
<td>{{ hop|tunnel or "-" }}
{%- if hop.outer_src %}<br><code>{{ hop.outer_src }} → {{ hop.outer_dst }}</code>{% endif %}</td>
<td>{{ (hop.identity or "-")|shown(80) }}</td><td class="n">{{ "-" if hop.ttl is none else hop.ttl }}</td>
<td>{% for proof in hop.evidence %}{{ proof.frames|frames }}{% if not loop.last %}; {% endif %}{% endfor %}</td></tr>
{%- endfor %}{% endfor %}
</tbody></table></div></details></figure>
{%- endmacro -%}

{%- macro nest(layers) -%}
{%- if layers %}{% set one = layers[0] %}
<div class="box k-{{ one.kind }}"><div class="row"><strong>{{ one.name }}</strong>
{%- if one.detail %}<span class="what">{{ one.detail|shown(120) }}</span>{% endif -%}
<span class="size">{{ "{:,}".format(one.size) }} B</span></div>{{ nest(layers[1:]) }}</div>
{%- endif -%}
{%- endmacro -%}

{%- macro stack(one) -%}
<div class="stack"><h3>{{ one.title|shown(120) }}: {{ "{:,}".format(one.wire_len) }} bytes on the wire</h3>
<p class="faintp">Frame {{ one.frame }} of <code>{{ one.source|shown(80) }}</code>, from the outside in</p>
<div class="bar" role="img" aria-label="Sizes:
{%- for layer in one.layers %} {{ layer.name }} {{ layer.size }}{{ "," if not loop.last }}{% endfor %}">
{%- for layer in one.layers %}<i class="k-{{ layer.kind }}" style="flex-grow:{{ layer.size }}"
 title="{{ layer.name }} {{ layer.size }}"></i>{% endfor -%}
</div>{{ nest(one.layers) }}</div>
{%- endmacro -%}

<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark"><title>{{ document.title|shown(120) }} - captools report</title>
<style>{{ style }}</style></head>
<body>
<header><h1>{{ document.title|shown(160) }}</h1><p>{{ document.window }}</p>
<nav aria-label="Sections"><ul>
{%- for section in document.sections %}<li><a href="#{{ section.id }}">{{ section.title }}</a></li>
{%- endfor %}</ul></nav></header>
<main>
{%- for section in document.sections %}
<section id="{{ section.id }}" aria-labelledby="h-{{ section.id }}"><h2 id="h-{{ section.id }}">{{ section.title }}</h2>
{%- for block in section.blocks %}
{%- set kind = block|kind %}
{%- if kind == "Paragraph" %}<p
{%- if block.tone != "plain" %} class="tone {{ block.tone }}"{% endif %}>{{ block.text|shown(3000) }}</p>
{%- elif kind == "Facts" %}<dl class="facts">
{%- for name, value in block.pairs %}<div><dt>{{ name }}</dt><dd>{{ value|shown(200) }}</dd></div>
{%- endfor %}</dl>
{%- elif kind == "Table" %}{{ table(block) }}
{%- elif kind == "FindingBlock" %}{{ finding(block.finding) }}
{%- elif kind == "LadderBlock" %}{{ ladder(block.ladder) }}
{%- else %}{{ stack(block.stack) }}
{%- endif %}
{%- endfor %}
</section>
{%- endfor %}
</main>
<footer><p>Made by captools. Frame numbers count from 1 in the file named beside them, as in Wireshark. This page loads
nothing from anywhere.</p></footer>
</body></html>
"""
