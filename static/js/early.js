// Runs before the first paint: pages know that scripts work.
document.documentElement.classList.add("js");
