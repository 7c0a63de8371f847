"""Agreement of raters: coefficients with intervals, and who and what agrees least.

Import ``agreement_of`` from ``featser.ratings.agreement.agreement``. It may import from ``tasks``,
``errors`` and the layers below.
"""
