"""An Unstructured service, for formats that have no reader here."""

from __future__ import annotations

from dataclasses import dataclass

from engine.adapters.documents.problems import DocumentProblem

SECONDS = 300.0


@dataclass(frozen=True)
class PartitionService:
    """Where the service is, and its key if it wants one."""

    url: str
    key: str = ""

    async def text(self, content: bytes, kind: str) -> str:
        """The texts of the elements that the service finds, a line each. Raises DocumentProblem."""
        import httpx

        headers = {"accept": "application/json"}
        if self.key:
            headers["unstructured-api-key"] = self.key
        try:
            async with httpx.AsyncClient(timeout=SECONDS) as client:
                response = await client.post(self._address(), headers=headers, files={"files": (f"x.{kind}", content)})
                response.raise_for_status()
                elements = response.json()
        except (httpx.HTTPError, ValueError) as problem:
            raise DocumentProblem(
                "TextExtractionError", f"The Unstructured service could not read the .{kind} file: {problem}"
            ) from None
        if not isinstance(elements, list):
            raise DocumentProblem("TextExtractionError", "The Unstructured service gave no list of elements.")
        return "\n".join(str(element.get("text") or "") for element in elements if isinstance(element, dict))

    def _address(self) -> str:
        return self.url if self.url.rstrip("/").endswith("/general") else f"{self.url.rstrip('/')}/general/v0/general"
