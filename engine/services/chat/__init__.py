"""What the app features do in a chat turn: moderation, annotations, citations, follow-up questions, uploads
(nodes-ai spec 15). The run itself is in `engine.run`; how features are read is in `engine.model.features`."""
