"""Receiving uploads: bounded while they arrive, and never written to disk in the clear.

`PhotoUploads` is the only entry of FILE_UPLOAD_HANDLERS. Django's own temporary files would put a resident's
photo, with the place it was taken, on the disk unencrypted; here it stays in memory until it is re-encoded. A workbook
(the field `sheet`) is bounded here as well, in its own words.
"""

from __future__ import annotations

import io

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from gezhi.foundation.files import images, refusals
from gezhi.foundation.sheets.bounds import MAX_BYTES as SHEET_BYTES
from gezhi.foundation.sheets.refusals import TooLargeSheet

MAX_REQUEST = 40 * 1024 * 1024  # all photos of one request together


def check_length(request: HttpRequest, limit: int = MAX_REQUEST) -> None:
    """Refuse a request by its declared length, before one byte of its body is read."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdigit() and int(declared) > limit:
        raise refusals.TooLargeRequest(limit=images.megabytes(limit))


class PhotoUploads(FileUploadHandler):
    """Keeps each file in memory and stops the request at the first byte over a limit."""

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):
        self.total = 0
        if content_length > MAX_REQUEST:
            raise refusals.TooLargeRequest(limit=images.megabytes(MAX_REQUEST))

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.file = io.BytesIO()

    def receive_data_chunk(self, raw_data, start):
        self.total += len(raw_data)
        if self.field_name == "sheet" and start + len(raw_data) > SHEET_BYTES:
            raise TooLargeSheet(limit=images.megabytes(SHEET_BYTES))
        if start + len(raw_data) > images.MAX_BYTES:
            raise refusals.TooLargePhoto(limit=images.megabytes(images.MAX_BYTES))
        if self.total > MAX_REQUEST:
            raise refusals.TooLargeRequest(limit=images.megabytes(MAX_REQUEST))
        self.file.write(raw_data)

    def file_complete(self, file_size):
        self.file.seek(0)
        return InMemoryUploadedFile(
            file=self.file,
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
