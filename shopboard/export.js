// The page as a file: two lists and the tabs choose which cards are shown; every figure is in the file as it was made.
/* global shopboard, unpacked */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const part = (id) => document.getElementById(id);
  const lists = { regions: part("regions"), categories: part("categories") };
  const unpackedBlocks = new Map();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const host = { ask: async (card, what) => (what === "sql" ? { queries: data.sql[card] ?? [] } : { problem: "This is not in the file." }) };
  const look = () => ({ ...data.look, dark: dark.matches });
  let shown = 0;
  let turn = 0;

  /** Return the cards of a block. */
  function block(number) {
    if (!unpackedBlocks.has(number)) unpackedBlocks.set(number, unpacked(data.blocks[number]).then(JSON.parse));
    return unpackedBlocks.get(number);
  }

  const tabs = data.pages.map((page, number) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `tab-${number}`;
    tab.textContent = page.name;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", `page-${number}`);
    tab.addEventListener("click", () => turnTo(number));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) turnTo((number + step + tabs.length) % tabs.length).then(() => tabs[shown].focus());
    });
    return tab;
  });
  const places = data.pages.map((_, number) => {
    const place = document.createElement("section");
    place.id = `page-${number}`;
    place.setAttribute("role", "tabpanel");
    place.setAttribute("aria-labelledby", `tab-${number}`);
    place.append(document.createElement("div"));
    return place;
  });

  /** Show another page. */
  function turnTo(number) {
    shown = number;
    return draw();
  }

  /** Show what is chosen on the page that is shown. */
  async function draw() {
    const mine = ++turn;
    tabs.forEach((tab, number) => {
      tab.setAttribute("aria-selected", String(number === shown));
      tab.tabIndex = number === shown ? 0 : -1;
      places[number].hidden = number !== shown;
    });
    const names = Object.values(lists).map((list) => list.selectedOptions[0].textContent);
    const view = data.views[`${lists.regions.value} ${lists.categories.value}`];
    const chosen = [...names, data.dates].join(" · ");
    places[shown].firstChild.hidden = !view;
    if (!view) {
      part("status").textContent = `${chosen}: this file has no figures for this pair. Choose all regions or all categories.`;
      return;
    }
    const here = view[shown];
    const blocks = new Map(await Promise.all([...new Set(here.map(([number]) => number))].map(async (number) => [number, await block(number)])));
    if (mine !== turn) return;
    part("status").textContent = [chosen, data.pages[shown].note].filter(Boolean).join(" · ");
    await shopboard.show(places[shown].firstChild, here.map(([number, place]) => blocks.get(number)[place]), host, look());
    document.documentElement.dataset.drawn = `${lists.regions.value} ${lists.categories.value} ${shown}`;
  }

  part("tabs").append(...tabs);
  part("pages").append(...places);
  for (const [name, list] of Object.entries(lists)) {
    list.append(...data[name].map(([number, text]) => new Option(text, number)));
    list.disabled = data[name].length === 1;
    list.addEventListener("change", draw);
  }
  dark.addEventListener("change", draw);
  draw();
})();
