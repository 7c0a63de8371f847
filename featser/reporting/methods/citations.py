"""The works that a run builds on: one table of them, and one of what uses which.

A new citation is an entry of :data:`WORKS` and a mention in :data:`USES`. The methods paragraph,
``references.bib`` and the report read both tables.
"""

from __future__ import annotations

from collections.abc import Iterable

from featser import __version__
from featser.reporting.methods.bibtex import Reference

_ROWS = (
    Reference(
        "featser",
        "misc",
        {
            "key": "featser",  # what styles sort by, since there is no author
            "title": "featser: speech emotion recognition",
            "note": f"Version {__version__}",
        },
    ),
    Reference(
        "pedregosa2011scikit",
        "article",
        {
            "author": "F. Pedregosa and G. Varoquaux and A. Gramfort and V. Michel and B. Thirion "
            "and O. Grisel and M. Blondel and P. Prettenhofer and R. Weiss and V. Dubourg and "
            "J. Vanderplas and A. Passos and D. Cournapeau and M. Brucher and M. Perrot and "
            "E. Duchesnay",
            "title": "Scikit-learn: Machine Learning in Python",
            "journal": "Journal of Machine Learning Research",
            "volume": "12",
            "pages": "2825–2830",
            "year": "2011",
        },
    ),
    Reference(
        "eyben2016gemaps",
        "article",
        {
            "author": "F. Eyben and K. R. Scherer and B. W. Schuller and J. Sundberg and E. André "
            "and C. Busso and L. Y. Devillers and J. Epps and P. Laukka and S. S. Narayanan and "
            "K. P. Truong",
            "title": "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research "
            "and Affective Computing",
            "journal": "IEEE Transactions on Affective Computing",
            "volume": "7",
            "number": "2",
            "pages": "190–202",
            "year": "2016",
            "doi": "10.1109/TAFFC.2015.2457417",
        },
    ),
    Reference(
        "eyben2010opensmile",
        "inproceedings",
        {
            "author": "F. Eyben and M. Wöllmer and B. Schuller",
            "title": "openSMILE: The Munich Versatile and Fast Open-Source Audio Feature Extractor",
            "booktitle": "Proceedings of the 18th ACM International Conference on Multimedia",
            "pages": "1459–1462",
            "year": "2010",
            "doi": "10.1145/1873951.1874246",
        },
    ),
    Reference(
        "schuller2016compare",
        "inproceedings",
        {
            "author": "B. Schuller and S. Steidl and A. Batliner and J. Hirschberg and "
            "J. K. Burgoon and A. Baird and A. Elkins and Y. Zhang and E. Coutinho and K. Evanini",
            "title": "The INTERSPEECH 2016 Computational Paralinguistics Challenge: Deception, "
            "Sincerity & Native Language",
            "booktitle": "Proceedings of Interspeech 2016",
            "pages": "2001–2005",
            "year": "2016",
            "doi": "10.21437/Interspeech.2016-129",
        },
    ),
    Reference(
        "davis1980mfcc",
        "article",
        {
            "author": "S. B. Davis and P. Mermelstein",
            "title": "Comparison of Parametric Representations for Monosyllabic Word Recognition "
            "in Continuously Spoken Sentences",
            "journal": "IEEE Transactions on Acoustics, Speech, and Signal Processing",
            "volume": "28",
            "number": "4",
            "pages": "357–366",
            "year": "1980",
            "doi": "10.1109/TASSP.1980.1163420",
        },
    ),
    Reference(
        "dempster2020rocket",
        "article",
        {
            "author": "A. Dempster and F. Petitjean and G. I. Webb",
            "title": "ROCKET: Exceptionally Fast and Accurate Time Series Classification Using "
            "Random Convolutional Kernels",
            "journal": "Data Mining and Knowledge Discovery",
            "volume": "34",
            "pages": "1454–1495",
            "year": "2020",
            "doi": "10.1007/s10618-020-00701-z",
        },
    ),
    Reference(
        "cortes1995svm",
        "article",
        {
            "author": "C. Cortes and V. Vapnik",
            "title": "Support-Vector Networks",
            "journal": "Machine Learning",
            "volume": "20",
            "pages": "273–297",
            "year": "1995",
            "doi": "10.1007/BF00994018",
        },
    ),
    Reference(
        "breiman2001forests",
        "article",
        {
            "author": "L. Breiman",
            "title": "Random Forests",
            "journal": "Machine Learning",
            "volume": "45",
            "pages": "5–32",
            "year": "2001",
            "doi": "10.1023/A:1010933404324",
        },
    ),
    Reference(
        "geurts2006trees",
        "article",
        {
            "author": "P. Geurts and D. Ernst and L. Wehenkel",
            "title": "Extremely Randomized Trees",
            "journal": "Machine Learning",
            "volume": "63",
            "pages": "3–42",
            "year": "2006",
            "doi": "10.1007/s10994-006-6226-1",
        },
    ),
    Reference(
        "hoerl1970ridge",
        "article",
        {
            "author": "A. E. Hoerl and R. W. Kennard",
            "title": "Ridge Regression: Biased Estimation for Nonorthogonal Problems",
            "journal": "Technometrics",
            "volume": "12",
            "number": "1",
            "pages": "55–67",
            "year": "1970",
            "doi": "10.1080/00401706.1970.10488634",
        },
    ),
    Reference(
        "chen2016xgboost",
        "inproceedings",
        {
            "author": "T. Chen and C. Guestrin",
            "title": "XGBoost: A Scalable Tree Boosting System",
            "booktitle": "Proceedings of the 22nd ACM SIGKDD International Conference on Knowledge "
            "Discovery and Data Mining",
            "pages": "785–794",
            "year": "2016",
            "doi": "10.1145/2939672.2939785",
        },
    ),
    Reference(
        "frank2001ordinal",
        "inproceedings",
        {
            "author": "E. Frank and M. Hall",
            "title": "A Simple Approach to Ordinal Classification",
            "booktitle": "Machine Learning: ECML 2001",
            "pages": "145–156",
            "year": "2001",
            "doi": "10.1007/3-540-44795-4_13",
        },
    ),
    Reference(
        "schuller2009challenge",
        "inproceedings",
        {
            "author": "B. Schuller and S. Steidl and A. Batliner",
            "title": "The INTERSPEECH 2009 Emotion Challenge",
            "booktitle": "Proceedings of Interspeech 2009",
            "pages": "312–315",
            "year": "2009",
            "doi": "10.21437/Interspeech.2009-103",
        },
    ),
    Reference(
        "lin1989concordance",
        "article",
        {
            "author": "L. I. Lin",
            "title": "A Concordance Correlation Coefficient to Evaluate Reproducibility",
            "journal": "Biometrics",
            "volume": "45",
            "number": "1",
            "pages": "255–268",
            "year": "1989",
            "doi": "10.2307/2532051",
        },
    ),
    Reference(
        "efron1981jackknife",
        "article",
        {
            "author": "B. Efron and C. Stein",
            "title": "The Jackknife Estimate of Variance",
            "journal": "The Annals of Statistics",
            "volume": "9",
            "number": "3",
            "pages": "586–596",
            "year": "1981",
            "doi": "10.1214/aos/1176345462",
        },
    ),
    Reference(
        "efron1975stein",
        "article",
        {
            "author": "B. Efron and C. Morris",
            "title": "Data Analysis Using Stein's Estimator and its Generalizations",
            "journal": "Journal of the American Statistical Association",
            "volume": "70",
            "number": "350",
            "pages": "311–319",
            "year": "1975",
            "doi": "10.1080/01621459.1975.10479864",
        },
    ),
    Reference(
        "dehak2011ivector",
        "article",
        {
            "author": "N. Dehak and P. J. Kenny and R. Dehak and P. Dumouchel and P. Ouellet",
            "title": "Front-End Factor Analysis for Speaker Verification",
            "journal": "IEEE Transactions on Audio, Speech, and Language Processing",
            "volume": "19",
            "number": "4",
            "pages": "788–798",
            "year": "2011",
            "doi": "10.1109/TASL.2010.2064307",
        },
    ),
    Reference(
        "campbell2006supervector",
        "article",
        {
            "author": "W. M. Campbell and D. E. Sturim and D. A. Reynolds",
            "title": "Support Vector Machines Using GMM Supervectors for Speaker Verification",
            "journal": "IEEE Signal Processing Letters",
            "volume": "13",
            "number": "5",
            "pages": "308–311",
            "year": "2006",
            "doi": "10.1109/LSP.2006.870086",
        },
    ),
    Reference(
        "dawid1979skene",
        "article",
        {
            "author": "A. P. Dawid and A. M. Skene",
            "title": "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm",
            "journal": "Journal of the Royal Statistical Society. Series C (Applied Statistics)",
            "volume": "28",
            "number": "1",
            "pages": "20–28",
            "year": "1979",
            "doi": "10.2307/2346806",
        },
    ),
    Reference(
        "grimm2005evaluation",
        "inproceedings",
        {
            "author": "Michael Grimm and Kristian Kroschel",
            "title": "Evaluation of Natural Emotions Using Self Assessment Manikins",
            "booktitle": "IEEE Workshop on Automatic Speech Recognition and Understanding",
            "pages": "381–385",
            "year": "2005",
            "doi": "10.1109/ASRU.2005.1566530",
        },
    ),
    Reference(
        "fayek2016soft",
        "inproceedings",
        {
            "author": "Haytham M. Fayek and Margaret Lech and Lawrence Cavedon",
            "title": "Modeling Subjectiveness in Emotion Recognition with Deep Neural Networks: "
            "Ensembles vs Soft Labels",
            "booktitle": "International Joint Conference on Neural Networks",
            "pages": "566–570",
            "year": "2016",
            "doi": "10.1109/IJCNN.2016.7727250",
        },
    ),
)

WORKS = {row.key: row for row in _ROWS}
"""Key → work."""

USES: dict[str, tuple[str, ...]] = {
    "featser": ("featser",),
    "scikit-learn": ("pedregosa2011scikit",),
    "features gemaps": ("eyben2016gemaps",),
    "features gemaps-contours": ("eyben2016gemaps",),
    "features egemaps": ("eyben2016gemaps", "eyben2010opensmile"),
    "features compare": ("schuller2016compare", "eyben2010opensmile"),
    "features mfcc": ("davis1980mfcc",),
    "features handcrafted": ("davis1980mfcc",),
    "features rocket": ("dempster2020rocket",),
    "model svm": ("cortes1995svm",),
    "model svr": ("cortes1995svm",),
    "model ridge": ("hoerl1970ridge",),
    "model forest": ("breiman2001forests",),
    "model extra-trees": ("geurts2006trees",),
    "model xgboost": ("chen2016xgboost",),
    "kind ordinal": ("frank2001ordinal",),
    "metric uar": ("schuller2009challenge",),
    "metric ccc": ("lin1989concordance",),
    "interval": ("efron1981jackknife",),
    "enrolment": ("efron1975stein",),
    "encode ivector": ("dehak2011ivector",),
    "encode supervector": ("campbell2006supervector",),
    "aggregate dawid-skene": ("dawid1979skene",),
    "aggregate ewe": ("grimm2005evaluation",),
    "aggregate soft": ("fayek2016soft",),
}
"""What a run can use, and the works that it then cites."""


def keys_of(*used: str) -> list[str]:
    """Return the keys of the works that go with what is used; none for what is not in the table.

    Examples
    --------
    >>> keys_of("features egemaps", "features rms")
    ['eyben2016gemaps', 'eyben2010opensmile']
    """
    return list(dict.fromkeys(key for name in used for key in USES.get(name, ())))


def mark(keys: Iterable[str]) -> str:
    """Return the mark of a citation as Pandoc reads it, with a space in front; empty without keys.

    Examples
    --------
    >>> mark(["a2020", "b2021"]), mark([])
    (' [@a2020; @b2021]', '')
    """
    listed = "; ".join(f"@{key}" for key in keys)
    return f" [{listed}]" if listed else ""
