"""Acts on a case from the desk: each a form in the panel, posted to its own address."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from applications import undoing
from applications.workflow import BY_ACTION, MoveRefused
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from reviews import desk, flagging
from reviews.act_forms import FORMS, first_form, shown_anew
from reviews.loading import case_for
from reviews.refusals import Refused
from reviews.undoing import undo as undo_act
from reviews.views import correction, undo_bar
from reviews.views import desk as desk_views
from reviews.words import words

clerk = require_role(Role.CLERK)


def _view(act: str):
    kind = FORMS[act]

    @clerk
    @require_POST
    def view(request, uid: str):
        case, roles = case_for(request.user, uid, kind.role)
        form = first_form(act, case, request.user, request.POST)
        if form.is_valid():
            try:
                kind.run(form, case, request.user)
            except (Refused, MoveRefused) as refused:
                form.add_error(None, words(refused))
                shown_anew(form, case, refused)
            else:
                back = desk_views.after(request, case, roles)
                if undoing.last_act(case, request.user):
                    return redirect(undo_bar.told(back, case))
                messages.success(
                    request,
                    _("{done}：{number} {title}").format(
                        done=kind.done, number=case.number, title=case.title
                    ),
                )
                return redirect(back)
        return desk_views.show(request, case, roles, act=act, form=form, status=422)

    view.__name__ = act
    view.__doc__ = f"The act “{act}” of the table."
    return view


recommend = _view("recommend")
return_ = _view("return")
decline = _view("decline")
accept = _view("accept")
refuse = _view("refuse")
conclude = _view("conclude")
opinion = _view("opinion")


# The form in which an act that was undone stands again.
_FORM_OF = {"recommend": "recommend", "return": "return", "conclude_joint_review": "conclude"}


@clerk
@require_POST
def undo(request, uid: str):
    """Take back one's own last act on the case; what was typed stands in its form again."""
    case, _roles = case_for(request.user, uid)
    act = undoing.last_act(case, request.user)
    if act is None:
        raise Http404(uid)
    flagged: list = next(
        iter(case.corrections.order_by("-round").values_list("flagged", flat=True)), []
    )
    address = desk.Address(case, request.GET)
    try:
        undo_act(
            case, actor=request.user, seen_revision=desk.whole_number(request.POST.get("seen"), 0)
        )
    except (Refused, MoveRefused) as refused:
        messages.error(request, words(refused))
        return redirect(address())
    messages.success(
        request,
        _("已撤销“{done}”：{number}，未向任何人发出通知。").format(
            done=BY_ACTION[act.action].done, number=case.number
        ),
    )
    if act.action == "ask_correction":
        case.refresh_from_db()
        return correction.page(request, case, flagging.read(case, flagging.typed(case, flagged)))
    return redirect(address(act=_FORM_OF.get(act.action, "")))
