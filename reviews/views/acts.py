"""Acts on a case from the desk: each a form in the panel, posted to its own address."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from applications.workflow import MoveRefused
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from reviews.act_forms import FORMS, first_form
from reviews.loading import case_for
from reviews.refusals import Refused
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
            else:
                messages.success(
                    request,
                    _("{done}：{number} {title}").format(
                        done=kind.done, number=case.number, title=case.title
                    ),
                )
                return redirect(desk_views.after(request, case, roles))
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
