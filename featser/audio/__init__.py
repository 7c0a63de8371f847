"""From an audio file to mono float32 samples, or the reason why it cannot be used.

Import ``read_audio`` and ``Signal`` from ``featser.audio``; decoding looks at the content of a
file, never at its name. It may import from ``workers``, ``io`` and the layers below.
"""

from featser.audio.channels import CANCELLED
from featser.audio.content import content_hash
from featser.audio.decoding import DECODER_VERSION, decode, decode_blocks, read_audio
from featser.audio.facts import Facts
from featser.audio.signal import PEAK, RATE, Signal

__all__ = [
    "CANCELLED",
    "DECODER_VERSION",
    "PEAK",
    "RATE",
    "Facts",
    "Signal",
    "content_hash",
    "decode",
    "decode_blocks",
    "read_audio",
]
