"""The http-request node (nodes-logic spec, section 5): render, send under the network rules, file or text."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, ClassVar

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.http_request import answer
from engine.nodes.http_request.body import body_of
from engine.nodes.http_request.config import HttpConfig
from engine.nodes.http_request.draft import (
    Draft,
    authorization_of,
    headers_of,
    params_of,
    url_of,
    with_authorization,
    with_content_type,
)
from engine.nodes.http_request.problems import HttpProblem, ResponseSizeError
from engine.ports.outside import HttpRequest, HttpResponse, PortError
from engine.run.limits import Limits
from engine.run.variables.files import File, infer_type
from engine.run.variables.segments import ArrayFileSegment
from engine.run.variables.templates import references

MEBIBYTE = 1024 * 1024


class HttpRequestNode(Node[HttpConfig]):
    """Sends one request. Whether a status is a failure depends on who takes care of failures (5.8)."""

    node_type: ClassVar[str] = "http-request"
    supports_retry: ClassVar[bool] = True
    config_model: ClassVar[type[NodeConfig]] = HttpConfig

    async def run(self, ctx: NodeContext) -> NodeResult:
        try:
            draft, shown = await self._draft(ctx)
        except HttpProblem as problem:
            return NodeResult.failed(str(problem), type(problem).__name__)
        process = {"request": shown}
        if ctx.ports.http is None:
            return NodeResult.failed(
                "This installation sends no requests.", "HttpRequestNodeError", process_data=process
            )
        try:
            response = await ctx.ports.http.send(self._request(draft, ctx.limits))
            outputs = await self._outputs(response, ctx)
        except PortError as error:
            message = f"{error.message} {error.hint}".strip()
            return NodeResult.failed(message, error.error_type, process_data=process)
        except HttpProblem as problem:
            return NodeResult.failed(str(problem), type(problem).__name__, process_data=process)
        if self.config.expects_success and not 200 <= response.status < 300:
            message = f"The server answered with the status {response.status}."
            return NodeResult.failed(message, "HTTPResponseCodeError", process_data=process, outputs=outputs)
        return NodeResult(process_data=process, outputs=outputs)

    async def _draft(self, ctx: NodeContext) -> tuple[Draft, str]:
        """The request and its log text. Raises HttpProblem."""
        config, pool = self.config, ctx.pool
        boundary = f"----penstock{ctx.execution_id.replace('-', '')[:16]}"
        key = authorization_of(config, pool)
        url = url_of(config, pool)
        params = params_of(config, pool)
        headers = with_authorization(headers_of(config, pool), key)
        body = await body_of(config.body, ctx, boundary)
        sent, shown = with_content_type(headers, config.body.type, boundary)
        draft = Draft(config.method.upper(), url, shown, params, body, key[0] if key else "", boundary)
        log = draft.log()
        draft.headers = sent
        return draft, log

    def _request(self, draft: Draft, limits: Limits) -> HttpRequest:
        return draft.request(self.config, limits, lambda headers, head: self._limit(headers, head, limits))

    @staticmethod
    def _limit(headers: answer.Headers, head: bytes, limits: Limits) -> int:
        return limits.http_max_binary_bytes if answer.is_file(headers, head) else limits.http_max_text_bytes

    async def _outputs(self, response: HttpResponse, ctx: NodeContext) -> dict[str, Any]:
        """The four outputs. Raises ResponseSizeError and PortError."""
        taken_as_file = bool(response.content) and answer.is_file(response.headers, response.content)
        limit = self._limit(response.headers, response.content, ctx.limits)
        if len(response.content) > limit:
            raise ResponseSizeError(too_large(limit, len(response.content)))
        files = [await self._stored(response, ctx)] if taken_as_file else []
        return {
            "status_code": response.status,
            "body": "" if taken_as_file else answer.text_of(response),
            "headers": answer.joined(response.headers),
            "files": ArrayFileSegment(files),
        }

    @staticmethod
    async def _stored(response: HttpResponse, ctx: NodeContext) -> File:
        if ctx.ports.files is None:
            raise PortError("HttpRequestNodeError", "The response is a file, and there is no file store here.")
        name, mime = answer.file_facts(response)
        reference = await ctx.ports.files.save(response.content, filename=name, mime_type=mime)
        extension = PurePosixPath(name).suffix
        return File(
            type=infer_type(extension, mime),
            transfer_method="tool_file",
            reference=reference,
            filename=name,
            extension=extension,
            mime_type=mime,
            size=len(response.content),
        )

    def variable_mapping(self) -> dict[str, Selector]:
        """References of address, headers, parameters and body; the API key is not asked for in a single step."""
        config = self.config
        texts = [config.url, config.headers, config.params]
        selectors: list[Selector] = []
        for item in config.body.data if config.body.type != "none" else ():
            texts += [item.key, item.value]
            if item.file:
                selectors.append(tuple(item.file))
        found = [selector for text in texts for selector in references(text)]
        return {f"{self.node_id}.#{'.'.join(selector)}#": selector for selector in (*found, *selectors)}


def too_large(limit: int, size: int) -> str:
    """Words for a response that is over its limit."""
    return f"The response has {size} bytes, and at most {limit} ({limit / MEBIBYTE:g} MiB) are allowed."
