"""The studio's window: widgets that show the model and ask the services.

Workflow rules and run behaviour do not belong here.
"""
