/** The frame of the page and its routes. */
export function App() {
  return null;
}
