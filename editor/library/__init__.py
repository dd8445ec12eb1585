"""The parts of the library: the shelf of cards, its filters, dialogs about an app, ways in and out of the workspace.

What lists, marks and moves apps in the workspace is `engine.services`; the window's page that joins these parts is
`editor.windows.library`.
"""
