"""The shop's own backend, as far as a bot asks it: GET /_shop/orders/<number>.

It knows three orders, and no others: XC20260001 is packed, XC20260002 under way, XC20260003 delivered.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

ORDERS: dict[str, dict[str, Any]] = {
    "XC20260001": {
        "status": {
            "code": "packed",
            "zh": "已付款，正在打包，今天 18:00 前发出",
            "en": "is packed and leaves us today",
        },
        "items": [{"name": {"zh": "纯棉 T 恤", "en": "cotton T-shirt"}, "quantity": 2}],
        "paid": "158.00",
    },
    "XC20260002": {
        "status": {"code": "shipped", "zh": "已发货，正在运往上海", "en": "is on its way to Shanghai"},
        "items": [{"name": {"zh": "帆布鞋", "en": "canvas shoes"}, "quantity": 1}],
        "carrier": {"name": "顺丰", "number": "SF1234567890123"},
        "paid": "299.00",
    },
    "XC20260003": {
        "status": {"code": "delivered", "zh": "已签收", "en": "was delivered"},
        "items": [{"name": {"zh": "保温杯", "en": "vacuum flask"}, "quantity": 1}],
        "carrier": {"name": "中通", "number": "73112345678901"},
        "paid": "89.50",
    },
}


def shop() -> Blueprint:
    blueprint = Blueprint("shop", __name__, url_prefix="/_shop")

    @blueprint.get("/orders/<number>")
    def order(number: str) -> tuple[Response, int]:
        found = ORDERS.get(number.upper())
        if found is None:
            return jsonify(error="no such order"), 404
        return jsonify(order={"number": number.upper(), **found}), 200

    return blueprint
