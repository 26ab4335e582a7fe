"""Takes pictures out of a report.html: python3 pictures.py REPORT FOLDER/PREFIX TITLE … writes FOLDER/PREFIX-TITLE.svg of each figure of such a title."""

import re
import sys
from pathlib import Path

report, prefix, *titles = sys.argv[1:]
page = Path(report).read_text(encoding="utf-8")
for title in titles:
    [picture] = re.findall(rf'<svg[^>]* aria-label="{re.escape(title)}".*?</svg>', page, re.S)
    width, height = (int(number) * 14 // 100 for number in re.search(r'viewBox="0 0 (\d+) (\d+)"', picture).groups())
    # Alone, a picture takes its colours from nowhere and its size from no page.
    picture = picture.replace('width="100%"', f'width="{width}" height="{height}"', 1)
    style = "<style>svg{color:#1b1f24;max-width:100%}@media (prefers-color-scheme:dark){svg{color:#e4e8ec}}</style>"
    picture = picture.replace("</title>", f"</title>\n{style}", 1)
    name = re.sub(r"\W+", "-", title.lower()).strip("-")
    Path(f"{prefix}-{name}.svg").write_text(picture + "\n", encoding="utf-8")
