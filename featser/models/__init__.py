"""Models: estimators by name, a head for each task, voting, and the model bundle."""
