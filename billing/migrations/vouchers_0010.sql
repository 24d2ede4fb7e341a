-- A code's terms and its redemptions stay as they are; of a code only the number of redemptions grows.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_voucher_redemption
    FOR EACH ROW EXECUTE FUNCTION billing_refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON billing_voucher_redemption EXECUTE FUNCTION billing_refuse();

CREATE FUNCTION billing_check_voucher() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'redeemed' - 'stopped_at' - 'note')
            <> (to_jsonb(OLD) - 'redeemed' - 'stopped_at' - 'note') THEN
        RAISE EXCEPTION '% rows keep their terms: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER terms_stay BEFORE UPDATE OR DELETE ON billing_voucher
    FOR EACH ROW EXECUTE FUNCTION billing_check_voucher();
CREATE TRIGGER terms_stay BEFORE UPDATE OR DELETE ON billing_voucher_batch
    FOR EACH ROW EXECUTE FUNCTION billing_check_voucher();
CREATE TRIGGER redeemed_grows BEFORE UPDATE ON billing_voucher
    FOR EACH ROW WHEN (NEW.redeemed < OLD.redeemed) EXECUTE FUNCTION billing_refuse();
