"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";

  // Light or dark, whatever it is not now.
  const root = document.documentElement;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  // Rows that hold every word of the search.
  const filter = document.getElementById("filter");
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of document.querySelectorAll("table.rows tbody tr")) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });

  const element = (name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  // An axis: from places in the plot to values and back.
  const axisOf = (text, start, end) => {
    const [low, high, kind, exponent] = text.split(" ");
    const log = kind === "log";
    const bend = (value) => (log ? Math.log10(value) : value);
    const [from, to] = [bend(Number(low)), bend(Number(high))];
    return {
      names: kind === "names",
      log,
      exponent: Number(exponent),
      bent: (place) => from + ((place - start) / (end - start)) * (to - from),
      place: (bent) => start + ((bent - from) / (to - from)) * (end - start),
      value(place) { return log ? 10 ** this.bent(place) : this.bent(place); },
    };
  };

  const short = (value) => {
    if (value === 0) return "0";
    const size = Math.abs(value);
    const text = size >= 1e6 || size < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
    return text.replace("-", "\u2212");
  };

  // Round values between two bent ends, about so many.
  const ticks = (axis, low, high, most) => {
    const nice = (from, to) => {
      const rough = (to - from) / most;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((it) => it * power).find((it) => it >= rough * 0.999);
      const found = [];
      for (let n = Math.ceil(from / step - 1e-9); n * step <= to + step * 1e-9; n++) found.push(n * step);
      return found;
    };
    if (!axis.log) return nice(low, high);
    if (high - low < 0.7) return nice(10 ** low, 10 ** high).filter((it) => it > 0);
    const every = Math.ceil((high - low) / most);
    const found = [];
    for (let decade = Math.floor(low); decade <= high; decade++) {
      if (decade % every) continue;
      for (const digit of high - low < 2.5 ? [1, 2, 5] : [1]) {
        const bent = decade + Math.log10(digit);
        if (bent >= low - 1e-9 && bent <= high + 1e-9) found.push(digit * 10 ** decade);
      }
    }
    return found;
  };

  const makeLive = (figure, svg, plot) => {
    const [left, right, top, bottom] = plot.dataset.frame.split(" ").map(Number);
    const x = axisOf(plot.dataset.x, left, right);
    const y = axisOf(plot.dataset.y, bottom, top);
    const whole = { left, right, top, bottom };
    let view = { ...whole };
    const groups = {
      x: svg.querySelector('[data-axis="x"]'),
      y: svg.querySelector('[data-axis="y"]'),
    };
    const original = { x: groups.x.innerHTML, y: groups.y.innerHTML };
    const box = plot.getAttribute("viewBox");
    const markers = [...svg.querySelectorAll(":scope > [data-series] path")].map((path) => {
      const [, atX, atY] = path.getAttribute("d").match(/^M([-\d.]+) ([-\d.]+)/);
      return { path, x: Number(atX), y: Number(atY) };
    });
    // Where a place of the whole is seen in the present view.
    const seenX = (place) => left + ((place - view.left) / (view.right - view.left)) * (right - left);
    const seenY = (place) => top + ((place - view.top) / (view.bottom - view.top)) * (bottom - top);

    const ink = { stroke: "#222", "stroke-width": ".6", fill: "none" };
    const thin = { stroke: "#ddd", "stroke-width": ".5" };
    const drawX = () => {
      groups.x.replaceChildren();
      for (const value of ticks(x, x.bent(view.left), x.bent(view.right), 6)) {
        const at = seenX(x.place(x.log ? Math.log10(value) : value));
        groups.x.append(element("path", { d: `M${at} ${bottom}v3`, ...ink }));
        groups.x.append(element("text", { x: at, y: bottom + 11, "text-anchor": "middle" }, short(value / 10 ** x.exponent)));
      }
    };
    const drawY = () => {
      groups.y.replaceChildren();
      for (const value of ticks(y, y.bent(view.bottom), y.bent(view.top), 6)) {
        const at = seenY(y.place(y.log ? Math.log10(value) : value));
        groups.y.append(element("path", { d: `M${left} ${at}H${right}`, ...thin }));
        groups.y.append(element("path", { d: `M${left - 3} ${at}h3`, ...ink }));
        groups.y.append(element("text", { x: left - 4.5, y: at + 2.8, "text-anchor": "end" }, short(value / 10 ** y.exponent)));
      }
    };
    // In a zoomed plot, lines are as wide on the screen as they were; so are their dashes.
    const strokes = [...plot.querySelectorAll("[stroke-width]")];
    const restroke = (zoomed) => {
      const scale = svg.getScreenCTM()?.a ?? 1;
      plot.classList.toggle("zoomed", zoomed);
      for (const part of strokes) {
        const dashes = part.getAttribute("stroke-dasharray");
        part.style.strokeWidth = zoomed ? String(Number(part.getAttribute("stroke-width")) * scale) : "";
        part.style.strokeDasharray = zoomed && dashes ? dashes.split(" ").map((it) => it * scale).join(" ") : "";
      }
    };
    const show = () => {
      const all = Object.keys(whole).every((side) => view[side] === whole[side]);
      if (all) {
        plot.setAttribute("viewBox", box);
        groups.x.innerHTML = original.x;
        groups.y.innerHTML = original.y;
      } else {
        plot.setAttribute("viewBox", `${view.left} ${view.top} ${view.right - view.left} ${view.bottom - view.top}`);
        if (!x.names) drawX();
        if (!y.names) drawY();
      }
      restroke(!all);
      for (const marker of markers) {
        const [atX, atY] = [seenX(marker.x), seenY(marker.y)];
        const inside = atX >= left - 1 && atX <= right + 1 && atY >= top - 1 && atY <= bottom + 1;
        marker.path.style.display = inside ? "" : "none";
        marker.path.setAttribute("transform", `translate(${atX - marker.x} ${atY - marker.y})`);
      }
    };
    const zoom = (next) => {
      // An axis of names stays whole, and nothing is magnified beyond what the numbers hold.
      if (x.names) [next.left, next.right] = [left, right];
      if (y.names) [next.top, next.bottom] = [top, bottom];
      if (next.right - next.left < 0.05 || next.bottom - next.top < 0.05) return;
      view = {
        left: Math.max(left, next.left), right: Math.min(right, next.right),
        top: Math.max(top, next.top), bottom: Math.min(bottom, next.bottom),
      };
      show();
    };
    const by = (factor) => {
      const [midX, midY] = [(view.left + view.right) / 2, (view.top + view.bottom) / 2];
      const [halfX, halfY] = [((view.right - view.left) / 2) * factor, ((view.bottom - view.top) / 2) * factor];
      zoom({ left: midX - halfX, right: midX + halfX, top: midY - halfY, bottom: midY + halfY });
    };

    // The place of the pointer in the coordinates of the figure.
    const place = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return at.x >= left - 2 && at.x <= right + 2 && at.y >= top - 2 && at.y <= bottom + 2 ? at : null;
    };
    const wholeX = (at) => view.left + ((at - left) / (right - left)) * (view.right - view.left);
    const wholeY = (at) => view.top + ((at - top) / (bottom - top)) * (view.bottom - view.top);
    let from = null;
    let frame = null;
    const output = document.createElement("output");
    svg.addEventListener("pointerdown", (event) => {
      from = event.button === 0 ? place(event) : null;
    });
    svg.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (at) {
        const parts = [];
        if (!x.names) parts.push(`x ${short(x.value(wholeX(at.x)))}`);
        if (!y.names) parts.push(`y ${short(y.value(wholeY(at.y)))}`);
        output.value = parts.join(", ");
      } else {
        output.value = "";
      }
      if (!from || !at) return;
      if (!frame) {
        frame = element("rect", { fill: "#0072B2", "fill-opacity": ".15", stroke: "#0072B2", "stroke-width": ".5" });
        svg.append(frame);
        svg.setPointerCapture(event.pointerId);
      }
      const [x1, x2] = x.names ? [left, right] : [Math.min(from.x, at.x), Math.max(from.x, at.x)];
      const [y1, y2] = y.names ? [top, bottom] : [Math.min(from.y, at.y), Math.max(from.y, at.y)];
      frame.setAttribute("x", x1);
      frame.setAttribute("y", y1);
      frame.setAttribute("width", x2 - x1);
      frame.setAttribute("height", y2 - y1);
    });
    const stop = (event) => {
      if (frame && event.type === "pointerup") {
        const [fx, fy, width, height] = ["x", "y", "width", "height"].map((it) => Number(frame.getAttribute(it)));
        if (width > 3 && height > 3) {
          zoom({ left: wholeX(fx), right: wholeX(fx + width), top: wholeY(fy), bottom: wholeY(fy + height) });
        }
      }
      frame?.remove();
      frame = null;
      from = null;
    };
    svg.addEventListener("pointerup", stop);
    svg.addEventListener("pointercancel", stop);
    svg.addEventListener("dblclick", () => { view = { ...whole }; show(); });

    for (const entry of svg.querySelectorAll("[data-legend]")) {
      entry.setAttribute("tabindex", "0");
      entry.setAttribute("role", "switch");
      entry.setAttribute("aria-checked", "true");
      const flip = () => {
        const off = entry.classList.toggle("off");
        entry.setAttribute("aria-checked", String(!off));
        for (const part of svg.querySelectorAll(`[data-series="${entry.dataset.legend}"]`)) part.classList.toggle("off", off);
      };
      entry.addEventListener("click", flip);
      entry.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); flip(); }
      });
    }
    return {
      output,
      buttons: [
        ["+", "Zoom in", () => by(0.6)],
        ["\u2212", "Zoom out", () => by(1 / 0.6)],
        ["All", "Show all of the plot", () => { view = { ...whole }; show(); }],
      ],
    };
  };

  for (const figure of document.querySelectorAll("figure")) {
    const svg = figure.querySelector("svg");
    const plot = svg.querySelector("svg.plot");
    const drawn = svg.outerHTML;
    const live = plot ? makeLive(figure, svg, plot) : { buttons: [] };
    const tools = document.createElement("div");
    tools.className = "tools";
    const save = () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([drawn], { type: "image/svg+xml" }));
      link.download = `${figure.dataset.name}.svg`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    };
    const buttons = [
      ...live.buttons,
      ["Large", "Use the whole width of the page", () => figure.classList.toggle("large")],
      ["Save", "Save as SVG", save],
    ];
    for (const [label, title, action] of buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.title = title;
      button.addEventListener("click", action);
      tools.append(button);
    }
    if (live.output) tools.append(live.output);
    svg.after(tools);
  }
})();
