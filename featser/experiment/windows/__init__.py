"""A run's models on windows of long recordings that are made of its own recordings.

Import ``calibration_of_windows`` from ``featser.experiment.windows.window_calibration_of``. It may
import from ``experiment.runs``, ``timelines`` and all layers below.
"""
