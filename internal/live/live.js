// Shows what the server has rendered, whenever it sends it.
const live = document.getElementById("live");
const state = document.getElementById("state");
const source = new EventSource("events");

source.addEventListener("update", (event) => {
  live.innerHTML = event.data;
  state.textContent = "";
});

source.addEventListener("end", (event) => {
  live.innerHTML = event.data;
  state.textContent = "The run has ended.";
  source.close();
});

source.addEventListener("error", () => {
  state.textContent = "Not connected: trying again.";
});
