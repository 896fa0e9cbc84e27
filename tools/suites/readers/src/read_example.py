"""Prints the columns of `orders` as an example of docs/reading.md left it, in the form of read_values.py.

read_example.py ENGINE EXAMPLE.py < {"column": "type"}
"""

import json
import sys

import read_values

engine, example = sys.argv[1:]
left = {}
with open(example, encoding="utf8") as file:
    exec(compile(file.read(), example, "exec"), left)
orders = left["orders"]


def clickhouse(name, stored):
    described = left["chdb"].query(f"DESCRIBE file('{left['paths']['orders'][0]}', Parquet)", "JSONCompactEachRow")
    kinds = {kind[0]: kind[1] for kind in map(json.loads, described.bytes().splitlines())}
    rows = [
        json.loads(line.decode(errors="surrogateescape"), parse_float=str, parse_int=str)
        for line in orders.bytes().splitlines()
    ]
    rows.sort(key=lambda row: int(row["id"]))
    values = [row[name] for row in rows]
    if stored == "BLOB":
        return [value if value is None else value.encode(errors="surrogateescape") for value in values]
    return [read_values.clickhouse_value(kinds[name], value, stored) for value in values]


COLUMNS = {
    "clickhouse": clickhouse,
    "datafusion": lambda name, _: orders.to_arrow_table()[name].to_pylist(),
    "pandas": lambda name, _: list(orders[name]),
    "polars": lambda name, _: orders[name].to_list(),
    "pyarrow": lambda name, _: orders[name].to_pylist(),
    "spark": lambda name, _: [row[name] for row in orders.orderBy("id").collect()],
}
types = json.load(sys.stdin)
found = {name: [read_values.text_of(value) for value in COLUMNS[engine](name, stored)] for name, stored in types.items()}
print("\n" + json.dumps(found))
