from odoo.exceptions import AccessError
from odoo.http import Controller, content_disposition, request, route

MODELS = ("project.billing.wip.report", "project.billing.month.end")


class WipController(Controller):
    """The work in progress as a spreadsheet, as the host's own exports are served."""

    @route(
        "/project_billing/wip/<string:model>/<int:record_id>",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def export_wip(self, model, record_id, **kwargs):
        """Return the spreadsheet of a report or month-end that the user may read.

        :raise werkzeug.exceptions.NotFound: another model, no such record, or no right
        """
        if model not in MODELS:
            raise request.not_found()
        record = request.env[model].browse(record_id).exists()
        try:
            record.check_access("read")
        except AccessError:
            record = record.browse()
        if not record:
            raise request.not_found()
        name = f"{record._get_title()}.xlsx"
        return request.make_response(
            record._get_wip_xlsx(),
            headers=[
                (
                    "Content-Type",
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                ),
                ("Content-Disposition", content_disposition(name)),
            ],
        )
