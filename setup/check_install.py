"""Activates an add-on over the web as the Apps list does and checks that it is there.

Usage: check_install.py URL DATABASE MODULE [MODULE_THAT_COMES_BY_ITSELF...]
"""

import itertools
import json
import sys
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

START_TIMEOUT = 60  # seconds


class Browser:
    """The calls that the web client makes."""

    def __init__(self, url):
        self.url = url
        self.numbers = itertools.count(1)
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def get(self, route):
        with self.opener.open(self.url + route, timeout=60) as response:
            return response.read()

    def post(self, route, **params):
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": next(self.numbers),
            "params": params,
        }
        request = urllib.request.Request(
            self.url + route,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with self.opener.open(request, timeout=600) as response:
            answer = json.load(response)
        if "error" in answer:
            raise SystemExit(f"{route}: {json.dumps(answer['error'], indent=1)}")
        return answer["result"]

    def call(self, model, method, *args, **kwargs):
        route = f"/web/dataset/call_kw/{model}/{method}"
        return self.post(route, model=model, method=method, args=args, kwargs=kwargs)

    def wait(self):
        for _ in range(START_TIMEOUT * 2):
            try:
                return self.get("/web/login")
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.5)
        raise SystemExit(f"no server answers at {self.url}")


def states(browser, modules):
    rows = browser.call(
        "ir.module.module", "search_read", [["name", "in", modules]], ["name", "state"]
    )
    return {row["name"]: row["state"] for row in rows}


def main(url, database, module, *followers):
    browser = Browser(url)
    browser.wait()
    browser.post(
        "/web/session/authenticate", db=database, login="admin", password="admin"
    )
    browser.call("ir.module.module", "update_list")
    modules = [module, *followers]
    before = states(browser, modules)
    print("in the Apps list:", before)
    if before.get(module) != "uninstalled":
        raise SystemExit(
            f"{module} is not in the Apps list as 'not installed': {before}"
        )
    [module_id] = browser.call("ir.module.module", "search", [["name", "=", module]])
    browser.call("ir.module.module", "button_immediate_install", [module_id])
    after = states(browser, modules)
    print("after Activate:", after)
    if set(after.values()) != {"installed"} or len(after) != len(modules):
        raise SystemExit(f"not all are installed: {after}")
    menus = json.loads(browser.get("/web/webclient/load_menus"))
    ours = [
        menu["name"]
        for menu in menus.values()
        if (menu.get("xmlid") or "").startswith(f"{module}.")
    ]
    print("menus:", ", ".join(ours))
    if not ours:
        raise SystemExit("the add-on is installed but shows no menu")


if __name__ == "__main__":
    main(*sys.argv[1:])
