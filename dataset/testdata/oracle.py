"""Writes pandas.json: what pandas makes of single fields and of small tables. With pandas 3: python oracle.py > pandas.json"""

import io
import json

import numpy as np
import pandas as pd

FIELDS = """0 1 -1 +1 007 -0 1. .5 1.5 -.5 +.5 1e5 1E5 1e+5 1e-5 1.e2 .5e1 1e 1e+ e5 . + - -- +-1 1.2.3 1..2 1e5.5 1e400 -1e400 1e-400
1_1 1_000 _1 1_ 0x10 0x2fp0 0X1F 0b1 0o7 1d5 1D5 1f 1L 1,5 1,000 1,000.5 1'000 $1 1% 5e3x 1/2 12:30 2024-01-01 inf -inf +inf Inf INF
infinity Infinity -Infinity +Infinity infin nan NaN NAN Nan -nan -NaN +nan nan(1) NA N/A n/a na #N/A #NA <NA> NULL null Null None none
1.#IND -1.#IND 1.#QNAN -1.#QNAN #N/A\u00a0N/A ? missing True TRUE true False FALSE false tRUE T F yes no
9007199254740993 0.1 2.2250738585072014e-308 4.9e-324 1.7976931348623157e308 1e23 \u0661 \uff11 \u22121
1\u00a0000 #ant # abc""".split()
FIELDS = [f.replace("\u00a0N/A", " N/A") for f in FIELDS] + ["", " 1", "1 ", "\t1", " 1.5 ", "1 2", "- 1", "1 e5"]
COMMA_FIELDS = "1,5 -1,5e3 ,5 5, 1.5 1.000,5 1.000 1,000 1,5,5 1,5.5 7 a,b".split()


def field(text, decimal="."):
    """number, missing or text, beside a number in the same column; boolean alone."""
    quoted = '"' + text + '"'
    read = lambda s: pd.read_csv(io.StringIO(s), decimal=decimal, sep=";")["v"]
    alone, column = read("v\n" + quoted + "\n"), read("v\n" + quoted + "\n1" + decimal + "5\n")
    if alone.dtype == bool:
        return {"text": text, "kind": "boolean", "value": float(alone[0])}
    if not pd.api.types.is_float_dtype(column.dtype):
        return {"text": text, "kind": "text"}
    v = float(column[0])
    if np.isnan(v):
        return {"text": text, "kind": "missing"}
    if np.isinf(v):
        return {"text": text, "kind": "infinite"}
    return {"text": text, "kind": "number", "value": v}


# name: text and the arguments of read_csv; the last column is the label.
TABLES = {
    "quotes": ('x,y,c\n"1","2","a, b"\n3,4,"say ""no"""\n', {}),
    "a line end in quotes": ('x,c\n1,"a\nb"\n2,c\n', {}),
    "CRLF": ("x,c\r\n1,a\r\n2,b\r\n", {}),
    "carriage returns": ("x,c\r1,a\r2,b\r", {}),
    "byte-order mark": ("\ufeffx,c\n1,a\n2,b\n", {}),
    "no line end at the end": ("x,c\n1,a\n2,b", {}),
    "blank lines": ("\n\nx,c\n\n1,a\n   \n2,b\n\n", {}),
    "hash rows": ("c,x,k\n#ant,1,#a\nbee,2,b\n", {"drop": "c"}),
    "hash header": ("#x,c\n1,a\n2,b\n", {}),
    "numbers for names": ("0,1,label\n1.5,2.5,a\n3.5,4.5,b\n", {}),
    "no header": ("1.5,2.5,a\n3.5,4.5,b\n", {"header": None}),
    "semicolons": ("x;y;c\n1.5;2;a\n3;4;b\n", {"sep": ";"}),
    "decimal commas": ("x;y;c\n1,5;-2,5e1;a\n,5;3;b,c\n", {"sep": ";", "decimal": ","}),
    "tabs": ("x\ty\tc\n1\t2\ta b\n3\t4\tc\n", {"sep": "\t"}),
    "nothing between tabs": ("x\tn\tc\n1\t\ta\n2\tz\tb\n", {"sep": "\t", "drop": "n"}),
    "bars": ("x|c\n1|a\n2|b\n", {"sep": "|"}),
    "spaces": ("x y c\n 1   2 a\n3 4 b\n", {"sep": r"\s+"}),
    "names given twice": ("x,x,x.1,x,c\n1,2,3,4,a\n5,6,7,8,b\n", {}),
    "no name": ("x,,c\n1,2,a\n3,4,b\n", {}),
    "booleans": ("x,b,c\n1,True,a\n2,False,b\n", {}),
    "labels as written": ("x,c\n1,007\n2,7\n3,1_1\n4,11\n5,1.0\n6,1\n7,True\n8,true\n", {}),
    "other letters": ("größe,c\n1,ä\n2,日本\n", {}),
    "an index": (",x,c\n0,1,a\n1,2,b\n", {"index_col": 0}),
    "an index read once": ("Unnamed: 0,x,c\n0,1,a\n1,2,b\n", {"index_col": 0}),
}


def table(name):
    text, options = TABLES[name]
    arguments = {k: v for k, v in options.items() if k != "drop"}
    width = len(pd.read_csv(io.StringIO(text), **arguments).columns) + ("index_col" in options)
    frame = pd.read_csv(io.StringIO(text), converters={width - 1: str}, **arguments)
    if "drop" in options:
        frame = frame.drop(columns=options["drop"])
    features = frame.iloc[:, :-1]
    return {
        "name": name,
        "text": text,
        "separator": {None: "auto", "\t": "tab", r"\s+": "space"}.get(options.get("sep"), options.get("sep")),
        "header": "no" if "header" in options else "yes",
        "decimal_comma": options.get("decimal") == ",",
        "drop": [options["drop"]] if "drop" in options else [],
        "names": [str(c) for c in frame.columns],
        "x": features.to_numpy(dtype=float).ravel().tolist(),
        "labels": frame.iloc[:, -1].tolist(),
    }


answers = {
    "pandas": pd.__version__,
    "fields": [field(f) for f in FIELDS],
    "comma_fields": [field(f, ",") for f in COMMA_FIELDS],
    "tables": [table(n) for n in TABLES],
}
print(json.dumps(answers, indent=1, ensure_ascii=False))
