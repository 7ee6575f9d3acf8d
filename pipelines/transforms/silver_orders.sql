-- One row an order, from the good, distinct events of six topics. Ties of the same microsecond are settled by event_id, so
-- the order in which events arrive does not matter. Local time, zones and tokens are added afterwards (silver_orders.py).
WITH
placed AS (
  SELECT * FROM orders WHERE event_type = 'placed'
  QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY event_time, event_id) = 1
),
promises AS (
  SELECT order_id, arg_max(promised_at, (event_time, event_id)) AS latest_promised_at
  FROM orders WHERE promised_at IS NOT NULL AND event_type IN ('placed', 'promise_changed') GROUP BY order_id
),
cancellations AS (
  SELECT order_id, min(event_time) FILTER (is_time_unknown IS NOT TRUE) AS cancelled_at,
         bool_or(is_time_unknown IS TRUE) AS cancelled_sometime,
         arg_min(cancelled_by, (event_time, event_id)) AS cancelled_by,
         arg_min(coalesce(reason, ''), (event_time, event_id)) AS cancel_reason
  FROM orders WHERE event_type = 'cancelled' GROUP BY order_id
),
responses AS (
  SELECT order_id,
         min(event_time) FILTER (event_type = 'accepted') AS restaurant_accepted_at,
         min(event_time) FILTER (event_type = 'rejected' AND is_time_unknown IS NOT TRUE) AS restaurant_rejected_at,
         bool_or(event_type = 'rejected' AND is_time_unknown IS TRUE) AS rejected_sometime,
         min(event_time) FILTER (event_type = 'ready') AS ready_at,
         arg_min(expected_ready_at, (event_time, event_id)) FILTER (event_type = 'accepted') AS expected_ready_at,
         arg_min(reason, (event_time, event_id)) FILTER (event_type = 'rejected') AS reject_reason
  FROM restaurant_responses GROUP BY order_id
),
assignments AS (
  SELECT order_id,
         min(event_time) FILTER (event_type = 'assigned') AS courier_assigned_at,
         arg_max(courier_id, (event_time, event_id)) FILTER (event_type = 'assigned') AS courier_id,
         arg_max(vehicle, (event_time, event_id)) FILTER (event_type = 'assigned') AS vehicle
  FROM courier_assignments GROUP BY order_id
),
progress AS (
  SELECT order_id,
         min(event_time) FILTER (event_type = 'arrived_at_restaurant') AS arrived_at_restaurant_at,
         min(event_time) FILTER (event_type = 'picked_up') AS first_picked_up_at,
         min(event_time) FILTER (event_type = 'delivered' AND is_time_unknown IS NOT TRUE) AS delivered_at,
         max(event_time) FILTER (event_type = 'failed' AND is_time_unknown IS NOT TRUE) AS failed_at,
         bool_or(event_type = 'delivered' AND is_time_unknown IS TRUE) AS delivered_sometime,
         bool_or(event_type = 'failed' AND is_time_unknown IS TRUE) AS failed_sometime,
         arg_max(reason, (event_time, event_id)) FILTER (event_type = 'failed') AS fail_reason,
         arg_min(courier_id, (event_time, event_id)) FILTER (event_type = 'delivered') AS delivered_by
  FROM delivery_progress GROUP BY order_id
),
paid AS (
  SELECT order_id,
         arg_max(event_type, (event_time, payment_rank, event_id)) AS payment_status,
         CASE WHEN min(currency) = max(currency) THEN min(currency) ELSE 'several' END AS payment_currency,
         coalesce(sum(amount_cents) FILTER (event_type = 'captured'), 0)::BIGINT AS captured_cents,
         coalesce(sum(amount_cents) FILTER (event_type IN ('refunded', 'charged_back')), 0)::BIGINT AS refunded_cents
  FROM (SELECT *, list_position(['pending', 'authorised', 'failed', 'captured', 'refunded', 'charged_back'], event_type) AS payment_rank
        FROM payments)
  GROUP BY order_id
),
reviewed AS (
  SELECT order_id, event_time AS reviewed_at, rating_food, rating_delivery, rating_overall FROM reviews
  QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY event_time DESC, event_id DESC) = 1
),
every_event AS (
  SELECT order_id, event_time, is_simulated, event_type <> 'placed' AS later FROM orders
  UNION ALL SELECT order_id, event_time, is_simulated, true FROM restaurant_responses
  UNION ALL SELECT order_id, event_time, is_simulated, true FROM courier_assignments
  UNION ALL SELECT order_id, event_time, is_simulated, true FROM delivery_progress
  UNION ALL SELECT order_id, event_time, is_simulated, true FROM payments
  UNION ALL SELECT order_id, event_time, is_simulated, true FROM reviews
),
counted AS (
  SELECT order_id, count(*)::INTEGER AS event_count, max(event_time) AS last_event_time,
         coalesce(bool_or(is_simulated) FILTER (later), false) AS is_life_simulated
  FROM every_event GROUP BY order_id
),
life AS (
  SELECT placed.*, placed.event_time AS placed_at, latest_promised_at, restaurant_accepted_at, restaurant_rejected_at,
         expected_ready_at, ready_at, courier_assigned_at, arrived_at_restaurant_at, delivered_at, cancelled_at, failed_at,
         coalesce(delivered_by, courier_id) AS last_courier_id, vehicle, cancellations.cancelled_by AS ended_by,
         coalesce(nullif(cancel_reason, ''), reject_reason, fail_reason) AS end_reason, cancel_reason, payment_status,
         captured_cents, refunded_cents, payment_currency,
         rating_food, rating_delivery, rating_overall, reviewed_at, is_life_simulated, event_count, last_event_time,
         coalesce(cancelled_sometime, false) AS cancelled_sometime, coalesce(rejected_sometime, false) AS rejected_sometime,
         coalesce(delivered_sometime, false) AS delivered_sometime, coalesce(failed_sometime, false) AS failed_sometime,
         -- a pick-up confirmed in the same second as the drop-off was forgotten and tells nothing of when the food left
         first_picked_up_at IS NOT NULL AND delivered_at IS NOT NULL
           AND date_trunc('second', first_picked_up_at) = date_trunc('second', delivered_at) AS pickup_with_dropoff,
         first_picked_up_at,
         coalesce(scheduled_for >= placed.event_time + to_minutes(30), false) AS is_preorder
  FROM placed
  LEFT JOIN promises USING (order_id) LEFT JOIN cancellations USING (order_id) LEFT JOIN responses USING (order_id)
  LEFT JOIN assignments USING (order_id) LEFT JOIN progress USING (order_id) LEFT JOIN paid USING (order_id)
  LEFT JOIN reviewed USING (order_id) LEFT JOIN counted USING (order_id)
),
flagged AS (
  SELECT *, cancelled_at IS NOT NULL OR cancelled_sometime AS is_cancelled,
    cancelled_sometime OR rejected_sometime OR delivered_sometime OR failed_sometime AS ended_sometime,
    CASE WHEN pickup_with_dropoff THEN NULL ELSE first_picked_up_at END AS picked_up_at,
    -- two hours on the road after the pick-up: a shift's open orders closed at once, not a delivery
    coalesce(delivered_at - first_picked_up_at > to_hours(2), false) AS dropoff_late,
    coalesce(least(restaurant_accepted_at, ready_at, courier_assigned_at, first_picked_up_at) < placed_at, false) AS before_placement
  FROM life
)
SELECT
  order_id, city_id, placed_at, pickup_lat, pickup_lng, dropoff_lat, dropoff_lng, customer_id, restaurant_id, restaurant_name, vehicle,
  is_preorder, scheduled_for, promised_at, latest_promised_at, basket_value_cents, currency,
  list_sum(list_transform(items, lambda i: i.quantity))::INTEGER AS item_count,
  restaurant_accepted_at, restaurant_rejected_at, expected_ready_at, ready_at, courier_assigned_at, arrived_at_restaurant_at,
  picked_up_at, delivered_at, cancelled_at, failed_at, last_courier_id AS courier_id, ended_by AS cancelled_by, end_reason AS reason,
  CASE
    WHEN delivered_at IS NOT NULL OR delivered_sometime THEN 'delivered'
    WHEN failed_at IS NOT NULL OR failed_sometime OR ended_by = 'courier' THEN 'delivery_failed'
    WHEN restaurant_rejected_at IS NOT NULL OR rejected_sometime OR ended_by = 'restaurant' THEN 'restaurant_rejected'
    -- cancelled at an unknown time, an accepted order was most likely cancelled after its acceptance
    WHEN ended_by = 'customer' AND coalesce(restaurant_accepted_at >= cancelled_at, restaurant_accepted_at IS NULL) THEN 'customer_before_acceptance'
    WHEN ended_by = 'customer' THEN 'customer_after_acceptance'
    WHEN is_cancelled AND cancel_reason IN ('unanswered', 'no_courier') THEN cancel_reason
    WHEN is_cancelled AND restaurant_accepted_at IS NULL THEN 'unanswered'
    WHEN is_cancelled AND courier_assigned_at IS NULL THEN 'no_courier'
    WHEN is_cancelled THEN 'delivery_failed'
    WHEN restaurant_accepted_at IS NULL AND placed_at < watermark - to_hours(24) THEN 'unanswered'
    ELSE 'open'
  END AS outcome,
  CASE WHEN NOT is_preorder AND NOT dropoff_late THEN date_diff('microsecond', placed_at, delivered_at) / 1e6 END AS delivery_seconds,
  array_to_string(list_filter([
    CASE WHEN pickup_with_dropoff THEN 'pickup_confirmed_with_dropoff' END, CASE WHEN dropoff_late THEN 'dropoff_confirmed_late' END,
    CASE WHEN ended_sometime THEN 'end_time_unknown' END,
    CASE WHEN before_placement THEN 'milestone_before_placement' END,
    CASE WHEN scheduled_for < placed_at THEN 'wanted_before_placement' END], lambda f: f IS NOT NULL), ',') AS flags,
  CASE WHEN NOT dropoff_late AND NOT before_placement THEN date_diff('microsecond', ready_at, picked_up_at) / 1e6 END AS ready_to_pickup_seconds,
  CASE WHEN NOT dropoff_late THEN date_diff('microsecond', promised_at, delivered_at) / 1e6 END AS lateness_seconds,
  CASE WHEN NOT dropoff_late THEN delivered_at > promised_at END AS is_late,
  payment_status, payment_currency, captured_cents, refunded_cents, rating_food, rating_delivery, rating_overall, reviewed_at,
  is_simulated, is_life_simulated, event_count, last_event_time
FROM flagged LEFT JOIN watermarks USING (city_id)
ORDER BY placed_at, order_id
