"""Makes up the two tables of the book's examples: python3 make.py FOLDER. The same bytes every time."""

import math
import random
import sys
from datetime import date, timedelta
from pathlib import Path


def churn(draw, n=900):
    """Customers of a made-up telephone company, with gaps; a fifth or so leave."""
    yield "customer,since,contract,payment,monthly,calls,area,churn"
    for row in range(n):
        contract = draw.choices(["monthly", "yearly", "two years"], [5, 3, 2])[0]
        payment = draw.choices(["card", "transfer", "cheque", ""], [4, 3, 2, 1])[0]
        since = date(2024, 1, 1) - timedelta(days=int(2500 * draw.random() ** 1.5))
        monthly, calls = draw.uniform(15, 90), min(int(draw.expovariate(0.6)), 9)
        area = draw.choice(["north", "south", "east", "west", "centre"])
        score = {"monthly": 0.9, "yearly": -1.4, "two years": -2.6}[contract] + 0.75 * (calls - 1.7)
        score += 0.04 * (monthly - 50) - 0.0012 * ((date(2024, 1, 1) - since).days - 700) + (payment == "cheque")
        leaves = draw.random() < 1 / (1 + math.exp(1.2 - score))
        cells = [f"K{10000 + row}", str(since), contract, payment, f"{monthly:.2f}", str(calls), area]
        for gap, share in ((1, 0.03), (4, 0.12), (5, 0.08), (6, 0.05)):
            if draw.random() < share:
                cells[gap] = ""
        yield ",".join([*cells, "yes" if leaves else "no"])


def houses(draw, n=900):
    """Houses of a made-up town; prices grow by factors, with 9 % of noise."""
    yield "area,rooms,built,district,garden,energy,price"
    for _ in range(n):
        area = round(draw.lognormvariate(4.75, 0.32))
        rooms, built = max(1, round(area / 24 + draw.gauss(0, 0.8))), int(2023 - 110 * draw.random() ** 1.3)
        district = draw.choices(["harbour", "old town", "hill", "station", "fields"], [2, 2, 1, 3, 3])[0]
        garden = 0 if draw.random() < 0.35 else round(draw.expovariate(1 / 250))
        energy = "ABCDEF"[min(5, max(0, int((2023 - built) / 22 + draw.gauss(0.3, 0.8))))]
        factor = {"harbour": 1.25, "old town": 1.35, "hill": 1.6, "station": 0.9, "fields": 0.8}[district]
        age = 0.75 + 0.25 * abs(math.cos((built - 1913) / 70))  # older houses are dearer
        price = 3100 * area**0.92 * factor * age * (1 + garden / 3000) * (1.06 - 0.03 * "ABCDEF".index(energy))
        yield f"{area},{rooms},{built},{district},{garden},{energy},{price * draw.lognormvariate(0, 0.09):.0f}"


folder = Path(sys.argv[1])
for table in (churn, houses):
    rows = table(random.Random(table.__name__))
    (folder / f"{table.__name__}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")
