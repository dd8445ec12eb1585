"""The parts of the chat preview: one turn, answers as markdown, the message box, what the conversation remembers.
What holds them together is `editor/panels/chat.py`."""
