"""The demo corpus: utterances of a synthetic voice, for trying every command.

Import ``write_demo_corpus`` from ``featser.corpora.synthetic.demo_corpus``. It may import from
``io`` and the layers below.
"""
