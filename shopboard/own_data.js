export default {
    render({ model, el }) {
        const PIECE = 4_000_000;
        const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, hidden: true });
        const button = Object.assign(document.createElement("button"), {
            textContent: model.get("description"), className: "jupyter-button widget-button" });
        Object.assign(button.style, { width: "auto", margin: "2px" });
        button.onclick = () => { input.value = ""; input.click(); };
        const text = blob => new Promise((done, failed) => {
            const reader = new FileReader();
            reader.onload = () => done(reader.result.split(",")[1] ?? "");
            reader.onerror = failed;
            reader.readAsDataURL(blob);
        });
        const sent = piece => new Promise(done => {
            const heard = () => { model.off("change:written", heard); done(); };
            model.on("change:written", heard);
            model.set("piece", { ...piece, number: model.get("written") + 1 });
            model.save_changes();
        });
        let turns = 0;
        input.onchange = async () => {
            const turn = ++turns;
            const files = [...input.files], all = files.reduce((sum, file) => sum + file.size, 0);
            let came = 0;
            for (const [place, file] of files.entries())
                for (let at = 0; at === 0 || at < file.size; at += PIECE) {
                    const part = file.slice(at, at + PIECE);
                    came += part.size;
                    const ends = at + PIECE >= file.size;
                    await sent({ name: file.name, content: await text(part), came, all,
                        first: place === 0 && at === 0, last: ends && place === files.length - 1 });
                    if (turn !== turns) return; // other files were chosen meanwhile
                }
        };
        el.style.flex = "none";
        el.append(input, button);
    }
};
