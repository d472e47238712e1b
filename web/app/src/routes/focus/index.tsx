export default function Focus() {
  return null;
}
