"use strict";
// Unpack the page's script and run it; the browser knows it by its digest.
(async () => {
  const say = (text) => { document.getElementById("status").textContent = text; };
  if (typeof DecompressionStream === "undefined") return say("This browser is too old to open this file: use one of 2023 or later.");
  try {
    globalThis.unpacked = async (text) => {
      const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
      return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
    };
    const script = document.createElement("script");
    script.textContent = await globalThis.unpacked(document.getElementById("code").textContent);
    document.body.append(script);
  } catch (error) {
    say(`This file could not be opened (${error.message}); it may not have arrived whole.`);
  }
})();
