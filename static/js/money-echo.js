// Under an amount's input: 200.00 万元 = ¥2,000,000.00 = 人民币贰佰万元整, while it is typed.
// Exact: digits as text and BigInt cents, never a float. The same rules as portal/money.py.
(() => {
  const DIGITS = "零壹贰叁肆伍陆柒捌玖";
  const UNITS = [[10n ** 8n, "亿"], [10n ** 4n, "万"], [1000n, "仟"], [100n, "佰"], [10n, "拾"]];

  // Cents of what is typed, or null where it is not an exact amount of 分.
  function cents(text, unit) {
    const match = /^(\d{1,15})(?:\.(\d{0,6}))?$/.exec(text.replace(/[,，\s]/g, ""));
    if (!match) return null;
    const decimals = unit === "wan" ? 6 : 2;
    const fraction = match[2] || "";
    if (fraction.length > decimals && /[^0]/.test(fraction.slice(decimals))) return null;
    const value = BigInt(match[1] + fraction.slice(0, decimals).padEnd(decimals, "0"));
    return value < 10n ** 18n ? value : null;
  }

  const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

  function yuan(value) {
    const text = value.toString().padStart(3, "0");
    return `¥${grouped(text.slice(0, -2))}.${text.slice(-2)}`;
  }

  function wan(value) {
    const text = value.toString().padStart(7, "0");
    const fraction = text.slice(-6).replace(/0+$/, "").padEnd(2, "0");
    return `${grouped(text.slice(0, -6))}.${fraction}`;
  }

  // Parts below a unit are led by 零 where they leave a gap.
  function whole(number) {
    for (const [size, unit] of UNITS) {
      if (number < size) continue;
      const low = number % size;
      const gap = low > 0n && low < size / 10n ? "零" : "";
      return whole(number / size) + unit + gap + (low ? whole(low) : "");
    }
    return DIGITS[Number(number)];
  }

  function capital(value) {
    const amount = value / 100n;
    const jiao = Number((value / 10n) % 10n);
    const fen = Number(value % 10n);
    let text = amount ? `${whole(amount)}元` : "";
    if (!jiao && !fen) return `人民币${text || "零元"}整`;
    if (jiao) text += `${amount && amount % 10n === 0n ? "零" : ""}${DIGITS[jiao]}角`;
    else if (amount) text += "零";
    return `人民币${text}${fen ? `${DIGITS[fen]}分` : "整"}`;
  }

  function tell(output) {
    const input = document.getElementById(output.dataset.moneyEcho);
    const value = input && input.value.trim() ? cents(input.value.trim(), output.dataset.unit) : null;
    if (value === null) {
      output.textContent = "";
    } else if (output.dataset.language === "en") {
      output.textContent = `${yuan(value)} = ${capital(value)}`;
    } else {
      output.textContent = `${wan(value)} 万元 = ${yuan(value)} = ${capital(value)}`;
    }
  }

  const all = (root) => root.querySelectorAll("[data-money-echo]").forEach(tell);
  document.addEventListener("input", (event) => {
    const id = event.target.id;
    if (!id) return;
    const output = document.querySelector(`[data-money-echo="${CSS.escape(id)}"]`);
    if (output) tell(output);
  });
  document.addEventListener("htmx:afterSettle", (event) => all(event.target));
  all(document);
})();
