// How many rows are ticked and what they come to, while boxes are ticked and amounts typed. What is
// ticked on other pages is told by the server; without this script the line says what was kept last.
(() => {
  const line = document.querySelector("[data-picking]");
  if (!line) return;
  const wan = line.dataset.unit === "wan";
  const offered = new Map();
  for (const part of document.querySelector("input[name=rows]").value.split(" ")) {
    const [key, cny] = part.split(":");
    if (cny) offered.set(key, cents(cny, 2));
  }

  // 分 of a decimal text, or null.
  function cents(text, decimals) {
    const match = /^(\d{1,15})(?:\.(\d*))?$/.exec(text.replace(/[,，\s]/g, ""));
    if (!match || (match[2] || "").length > decimals) return null;
    return BigInt(match[1] + (match[2] || "").padEnd(decimals, "0"));
  }

  const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

  function told(value) {
    const decimals = wan ? 6 : 2;
    const text = value.toString().padStart(decimals + 1, "0");
    const fraction = text.slice(-decimals).replace(/0+$/, "").padEnd(2, "0");
    const whole = grouped(text.slice(0, -decimals));
    return wan ? `${whole}.${fraction} 万元` : `¥${whole}.${fraction}`;
  }

  function tell() {
    let count = Number(line.dataset.elsewhere);
    let sum = cents(line.dataset.elsewhereCny, 2);
    for (const [key, most] of offered) {
      const box = document.querySelector(`input[name="pick_${key}"]`);
      if (!box || !box.checked) continue;
      const amount = document.querySelector(`input[name="amount_${key}"]`);
      count += 1;
      sum += (amount ? cents(amount.value, 6) : most) ?? 0n;
    }
    line.textContent = line.dataset.words.replace("{n}", count).replace("{total}", told(sum));
  }

  document.addEventListener("input", (event) => {
    if (/^(pick|amount)_/.test(event.target.name || "")) tell();
  });
  window.addEventListener("pageshow", tell);
})();
