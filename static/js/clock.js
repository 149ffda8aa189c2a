// The server's time ticks; countdowns to a cut-off tell the words that the server gave.
//
// <time data-server-clock="1763712157000">…</time>: epoch milliseconds at rendering.
// <b data-countdown="1763712157000" data-day-one="{n} 天" data-day-other="{n} 天" …
//    data-over="已截止">…</b>
// Only the time elapsed since the page came is taken from this machine: its clock may be wrong.
(() => {
  const clock = document.querySelector("[data-server-clock]");
  if (!clock) return;
  const rendered = Number(clock.dataset.serverClock);
  const started = performance.getEntriesByType("navigation")[0]?.responseStart ?? performance.now();
  const now = () => rendered + (performance.now() - started);
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "medium",
  });
  const amount = (node, unit, n) =>
    node.dataset[unit + (n === 1 ? "One" : "Other")].replace("{n}", String(n));

  function words(node, left) {
    if (left <= 0) return node.dataset.over;
    const minutes = Math.floor(left / 60000);
    const days = Math.floor(minutes / 1440);
    const hours = Math.floor((minutes % 1440) / 60);
    if (days > 0) return `${amount(node, "day", days)} ${amount(node, "hour", hours)}`;
    if (hours > 0) return `${amount(node, "hour", hours)} ${amount(node, "minute", minutes % 60)}`;
    if (minutes > 0) return amount(node, "minute", minutes);
    return amount(node, "second", Math.max(1, Math.floor(left / 1000)));
  }

  function tick() {
    const moment = now();
    for (const node of document.querySelectorAll("[data-server-clock]")) {
      node.textContent = format.format(moment);
    }
    for (const node of document.querySelectorAll("[data-countdown]")) {
      const text = words(node, Number(node.dataset.countdown) - moment);
      if (node.textContent !== text) node.textContent = text;
    }
    setTimeout(tick, 1000 - (now() % 1000));
  }
  tick();
})();
