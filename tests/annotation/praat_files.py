"""TextGrids as Praat 6.4 saves them: long, short, with a tier of points, with each kind of text."""

from __future__ import annotations

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 3
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "emotion"
        xmin = 0
        xmax = 3
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 1.25
            text = "she says ""item [2]:"" ! 5"
        intervals [3]:
            xmin = 1.25
            xmax = 3
            text = "wütend
laut"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 3
        points: size = 1
        points [1]:
            number = 2.5
            mark = "click"
"""

SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
3
<exists>
2
"IntervalTier"
"emotion"
0
3
3
0
0.5
""
0.5
1.25
"she says ""item [2]:"" ! 5"
1.25
3
"wütend
laut"
"TextTier"
"clicks"
0
3
1
2.5
"click"
"""

ROWS = [
    [0.5, 1.25, "emotion", 'she says "item [2]:" ! 5'],
    [1.25, 3.0, "emotion", "wütend\nlaut"],
    [2.5, 2.5, "clicks", "click"],
]
