"""The features panel: the settings of the app that are no node. Annotations live in the workspace, all else in the
file; what the features do is in `engine/services/chat`."""
