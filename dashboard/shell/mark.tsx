export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M8 10h10a6 6 0 0 1 0 12H8" />
      <circle cx="9" cy="16" r="2.2" />
    </svg>
  );
}
