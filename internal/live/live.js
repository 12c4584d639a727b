// Shows each rendering of the page that the server sends.
const live = document.getElementById("live");
const state = document.getElementById("state");
const source = new EventSource("events");

source.addEventListener("update", (event) => {
  live.innerHTML = event.data;
  state.textContent = "";
});

source.addEventListener("end", (event) => {
  live.innerHTML = event.data;
  state.textContent = "The run is finished.";
  source.close();
});

source.addEventListener("error", () => {
  state.textContent = "Not connected. Trying again.";
});
