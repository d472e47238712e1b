export default function Instances() {
  return null;
}
