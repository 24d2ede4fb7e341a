"""What axe has against a page, or against a part of one."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

__all__ = ["complaints"]

# Comparing colours takes axe three quarters of its time on a long page. It is done once for each look: what was found
# good is not judged again where the letters are alike, and so is all that lies around and behind them. What was found
# bad, or could not be told, is judged again every time.
_JUDGE = """async (within) => {
  const numbers = new Map(), around = new Map(), good = new Set();
  const number = (words) => numbers.get(words) ?? numbers.set(words, numbers.size).get(words);
  const styled = (element, names) => {
    const style = getComputedStyle(element);
    return names.map((name) => style[name]).join("|");
  };
  const BOX = ["backgroundColor", "backgroundImage", "backgroundClip", "opacity", "mixBlendMode", "filter"];
  const LETTERS = ["color", "webkitTextFillColor", "webkitTextStrokeColor", "webkitTextStrokeWidth", "textShadow",
                   "fontSize", "fontWeight", "display"];
  const surroundings = (element) => {
    if (!element) return 0;
    if (!around.has(element))
      around.set(element, number(`${surroundings(element.parentElement)} ${styled(element, BOX)}`));
    return around.get(element);
  };
  const look = (element) => {
    const behind = (axe.commons.color.getBackgroundStack(element) ?? []).map(surroundings);
    return number([element.localName, styled(element, LETTERS), surroundings(element), ...behind].join(" "));
  };
  const contrast = axe._audit.checks["color-contrast"], judge = contrast.evaluate;
  contrast.evaluate = function (element, ...rest) {
    const seen = look(element);
    if (good.has(seen)) return true;
    const found = judge.call(this, element, ...rest);
    if (found === true) good.add(seen);
    return found;
  };
  const {violations} = await axe.run(within ?? document, {resultTypes: ["violations"]});
  return violations.flatMap(({id, nodes}) => nodes.map(({target}) => [id, String(target)]));
}"""


def complaints(page: Page, within: str | None = None) -> list[tuple[str, str]]:
    """Return each rule that is broken with the selector of where it is."""
    page.evaluate(AXE_SCRIPT)
    return [(rule, place) for rule, place in page.evaluate(_JUDGE, within)]
