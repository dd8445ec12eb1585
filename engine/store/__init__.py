"""What is kept: one SQLite file a workspace and a folder of blobs. SQLAlchemy is imported here and nowhere above."""
